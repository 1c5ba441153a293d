package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program/internal/py"
)

// A State is a saved program, DSPy's JSON state: for every predictor its
// instructions, demonstrations, and its fields' prefixes and descriptions.
// What else a file holds, such as a model's settings or traces, is kept word
// for word and has no effect here.
//
// A State never changes and is safe for concurrent use.
type State struct{ doc gepa.Fields }

// A PredictorState is one predictor's part of a [State].
type PredictorState struct {
	// Instructions are the predictor's instructions.
	Instructions string
	// Fields are the signature's fields by position, inputs before outputs.
	Fields []FieldState
	// Demos are the demonstrations.
	Demos []gepa.Fields
	// LM holds the settings of the model that was saved with the predictor;
	// null if there was none.
	LM json.RawMessage
}

// A FieldState is what a state holds of one field. The tags are those of the
// file.
type FieldState struct {
	Prefix      string `json:"prefix"`
	Description string `json:"description"`
}

// metadataKey is the key beside the predictors' in a state.
const metadataKey = "metadata"

// ParseState reads a state from the bytes of a file. Errors name the line and
// column, or the key that is wrong.
func ParseState(data []byte) (*State, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line, column := position(data, syntax.Offset)
			return nil, fmt.Errorf("line %d, column %d: not JSON: %w", line, column, err)
		}
		return nil, err
	}
	s := &State{}
	if err := s.doc.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("not a saved program: %w", err)
	}
	names := s.Components()
	if len(names) == 0 {
		return nil, errors.New("not a saved program: it holds no predictor, that is, no object with a \"signature\"")
	}
	for _, name := range names {
		if _, err := s.Predictor(name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// position turns the number of bytes read into a line and a column, both from
// 1.
func position(data []byte, offset int64) (line, column int) {
	read := data[:min(max(offset-1, 0), int64(len(data)))]
	line = 1 + bytes.Count(read, []byte("\n"))
	column = 1 + len([]rune(string(read[bytes.LastIndexByte(read, '\n')+1:])))
	return line, column
}

// bare reports whether the state is that of a predictor that is the whole
// program.
func (s *State) bare() bool {
	_, ok := s.doc.Get("signature")
	return ok
}

// Components returns the predictors' names, in the order of the file.
func (s *State) Components() []string {
	if s.bare() {
		return []string{bareName}
	}
	var names []string
	for _, f := range s.doc {
		if f.Name == metadataKey {
			continue
		}
		var object gepa.Fields
		if object.UnmarshalJSON(f.Value) != nil {
			continue
		}
		if _, ok := object.Get("signature"); ok {
			names = append(names, f.Name)
		}
	}
	return names
}

// Predictor returns one predictor's state.
func (s *State) Predictor(name string) (PredictorState, error) {
	fail := func(format string, args ...any) (PredictorState, error) {
		return PredictorState{}, fmt.Errorf("predictor %q: "+format, append([]any{name}, args...)...)
	}
	object, err := s.object(name)
	if err != nil {
		return fail("%w", err)
	}
	var sig struct {
		Instructions *string
		Fields       []FieldState
	}
	if err := object.Decode("signature", &sig); err != nil {
		return fail("%w", err)
	}
	if sig.Instructions == nil {
		return fail("signature.instructions is missing")
	}
	out := PredictorState{Instructions: *sig.Instructions, Fields: sig.Fields}
	if _, ok := object.Get("demos"); ok {
		if err := object.Decode("demos", &out.Demos); err != nil {
			return fail("%w", err)
		}
	}
	out.LM, _ = object.Get("lm")
	return out, nil
}

// object returns the JSON object of one predictor.
func (s *State) object(name string) (gepa.Fields, error) {
	if name == bareName && s.bare() {
		return s.doc, nil
	}
	raw, ok := s.doc.Get(name)
	if !ok || name == metadataKey {
		return nil, errors.New("it is not in the saved program")
	}
	var object gepa.Fields
	return object, object.UnmarshalJSON(raw)
}

// Metadata returns an entry of the state's metadata and whether it is there.
func (s *State) Metadata(key string) (json.RawMessage, bool) {
	raw, _ := s.doc.Get(metadataKey)
	var metadata gepa.Fields
	if metadata.UnmarshalJSON(raw) != nil {
		return nil, false
	}
	return metadata.Get(key)
}

// WithMetadata returns the state with an entry of its metadata set, for
// instance what made it. The key "dependency_versions" is DSPy's and refused:
// DSPy does not load a file with entries there that it does not know.
func (s *State) WithMetadata(key string, value any) (*State, error) {
	if key == "dependency_versions" {
		return nil, errors.New("metadata.dependency_versions belongs to DSPy")
	}
	raw, err := gepa.EncodeValue(value)
	if err != nil {
		return nil, err
	}
	old, ok := s.doc.Get(metadataKey)
	if !ok {
		old = json.RawMessage(`{"dependency_versions":{}}`)
	}
	var metadata gepa.Fields
	if err := metadata.UnmarshalJSON(old); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return &State{s.doc.Set(metadataKey, mustMarshal(metadata.Set(key, raw)))}, nil
}

// Bytes returns the state as a file's content, laid out as DSPy does it.
func (s *State) Bytes() []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, mustMarshal(s.doc), "", "  "); err != nil {
		panic("program: a state is not JSON: " + err.Error()) // it was checked when made
	}
	return append(bytes.TrimSpace(out.Bytes()), '\n')
}

func mustMarshal(f gepa.Fields) json.RawMessage {
	raw, err := f.MarshalJSON()
	if err != nil {
		panic("program: encode fields: " + err.Error())
	}
	return raw
}

// State returns the program with a candidate's texts as a state, for saving.
// A program that was itself made by [Program.Apply] keeps everything else of
// the state it came from.
func (p *Program) State(candidate gepa.Candidate) *State {
	s := &State{}
	if p.state != nil {
		s.doc = p.state.doc
	}
	for _, set := range p.settings {
		sig := set.with(candidate).sig
		object := newPredictorObject(sig, set.demos)
		if p.state != nil {
			object = withTexts(p.state, set.name, sig, len(set.described) > 0)
		}
		if set.name == bareName {
			s.doc = object
		} else {
			s.doc = s.doc.Set(set.name, mustMarshal(object))
		}
	}
	if p.state == nil {
		s.doc = s.doc.Set(metadataKey, json.RawMessage(`{"dependency_versions":{}}`))
	}
	return s
}

// newPredictorObject is the state of a predictor that was not loaded.
func newPredictorObject(sig Signature, demos []gepa.Fields) gepa.Fields {
	list := json.RawMessage("[]")
	for i, d := range demos {
		if i == 0 {
			list = json.RawMessage("[")
		} else {
			list = append(list, ',')
		}
		list = append(list, mustMarshal(d)...)
	}
	if len(demos) > 0 {
		list = append(list, ']')
	}
	return gepa.Fields{
		{Name: "traces", Value: json.RawMessage("[]")},
		{Name: "train", Value: json.RawMessage("[]")},
		{Name: "demos", Value: list},
		{Name: "signature", Value: py.JSON(object("instructions", sig.Instructions, "fields", fieldStates(sig)))},
		{Name: "lm", Value: json.RawMessage("null")},
	}
}

// withTexts is a loaded predictor's object, unchanged but for the instructions
// and, where they are components, the descriptions.
func withTexts(s *State, name string, sig Signature, described bool) gepa.Fields {
	object, err := s.object(name)
	if err != nil {
		panic("program: " + err.Error()) // Apply has found it
	}
	var saved gepa.Fields
	if err := object.Decode("signature", &saved); err != nil {
		panic("program: " + err.Error())
	}
	before := string(mustMarshal(saved))
	if saved.Text("instructions") != sig.Instructions {
		saved = saved.Set("instructions", py.JSON(sig.Instructions))
	}
	if described {
		saved = saved.Set("fields", py.JSON(fieldStates(sig)))
	}
	if string(mustMarshal(saved)) == before {
		return object
	}
	return object.Set("signature", mustMarshal(saved))
}

// fieldStates is what a state holds of a signature's fields.
func fieldStates(sig Signature) py.List {
	fields := py.List{}
	for _, f := range sig.Fields() {
		fields = append(fields, object("prefix", f.PrefixText(), "description", f.Description()))
	}
	return fields
}

// Apply returns the program as a state says it should behave: with its
// instructions, demonstrations and descriptions of fields. Saved settings of a
// model are kept for saving and not used. Predictors that only one of the two
// knows, and a wrong number of fields, are errors.
func (p *Program) Apply(s *State) (*Program, error) {
	out := *p
	out.state = s
	out.settings = slices.Clone(p.settings)
	for i := range out.settings {
		if err := out.settings[i].apply(s); err != nil {
			return nil, err
		}
	}
	for _, name := range s.Components() {
		if _, ok := p.Signature(name); !ok {
			return nil, fmt.Errorf("the saved program has a predictor %q, and this program has only %s", name, quotedNames(p.Seed().Names()))
		}
	}
	return &out, nil
}

func (set *setting) apply(s *State) error {
	if !slices.Contains(s.Components(), set.name) {
		return fmt.Errorf("the saved program has no predictor %q, only %s", set.name, quotedNames(s.Components()))
	}
	saved, err := s.Predictor(set.name)
	if err != nil {
		return err
	}
	want := set.sig.Fields()
	if len(saved.Fields) != len(want) {
		return fmt.Errorf("predictor %q: the saved program has %d fields, and its signature here has %d: %s",
			set.name, len(saved.Fields), len(want), set.sig)
	}
	for i, f := range saved.Fields {
		want[i].Prefix, want[i].Desc = f.Prefix, f.Description
	}
	n := len(set.sig.Inputs)
	set.sig.Inputs, set.sig.Outputs = want[:n:n], want[n:]
	set.sig.Instructions = saved.Instructions
	set.demos = saved.Demos
	return nil
}

func quotedNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ")
}
