package metric

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/gepa-go/gepa"
)

// outputJSON returns the output as a JSON value: itself, or what its text
// holds, which must be JSON and nothing else. The problem says what is wrong.
func outputJSON(t target) (value any, problem string) {
	raw := t.raw
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	value, err := decodeJSON(raw)
	if err == nil {
		return value, ""
	}
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return nil, "The output is empty; it should be JSON."
	case strings.HasPrefix(trimmed, "```"):
		return nil, "The output stands in a code fence; it should be bare JSON, without ``` and the word json."
	case !strings.ContainsAny(trimmed[:1], "{["):
		return nil, fmt.Sprintf("The output %s is not JSON: it should begin with { or [ and hold nothing else.", quote(text))
	}
	return nil, fmt.Sprintf("The output %s is not valid JSON: %v.", quote(text), err)
}

// decodeJSON decodes one JSON value, numbers as [json.Number].
func decodeJSON(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it goes on after the end of the JSON value")
	}
	return value, nil
}

// goldJSON returns a label as a JSON value; a text that holds an object or a
// list is that.
func goldJSON(ex gepa.Example, label string) any {
	raw, _ := ex.Labels.Get(label)
	value, err := decodeJSON(raw)
	if err != nil {
		return nil // examples hold valid JSON
	}
	if text, ok := value.(string); ok {
		if inner, err := decodeJSON([]byte(text)); err == nil {
			switch inner.(type) {
			case map[string]any, []any:
				return inner
			}
		}
	}
	return value
}

// A jsonDiff collects where two JSON values differ.
type jsonDiff struct {
	words []string // the first mostItems
	// Leaves of the one, of the other, and in common.
	got, want, same int
}

func measureJSONEqual(in Input, t target) (float64, string, error) {
	d, problem := diffJSON(in, t)
	switch {
	case problem != "":
		return 0, problem, nil
	case d.equal():
		return 1, "Correct: the JSON is exactly right.", nil
	default:
		return 0, d.String(), nil
	}
}

func measureJSONFields(in Input, t target) (float64, string, error) {
	d, problem := diffJSON(in, t)
	switch {
	case problem != "":
		return 0, problem, nil
	case d.equal():
		return 1, "Correct: the JSON is exactly right.", nil
	case d.same == 0:
		return 0, d.String(), nil
	}
	return 2 * float64(d.same) / float64(d.got+d.want), fmt.Sprintf("%d of %d values are right. %s", d.same, d.want, d), nil
}

func diffJSON(in Input, t target) (d jsonDiff, problem string) {
	got, problem := outputJSON(t)
	if problem == "" {
		d.compare("", got, goldJSON(in.Example, t.label))
	}
	return d, problem
}

func (d *jsonDiff) equal() bool { return 2*d.same == d.got+d.want }

// String names the first differences.
func (d jsonDiff) String() string {
	more := ""
	if n := d.got + d.want - 2*d.same; len(d.words) == mostItems && n > mostItems {
		more = "; and more"
	}
	return "The JSON differs: " + strings.Join(d.words, "; ") + more + "."
}

func (d *jsonDiff) say(at, format string, args ...any) {
	if len(d.words) < mostItems {
		if at == "" {
			at = "the whole"
		}
		d.words = append(d.words, at+" "+fmt.Sprintf(format, args...))
	}
}

// compare walks both values together. Numbers are equal by value.
func (d *jsonDiff) compare(at string, got, want any) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(w) == 0 && len(g) == 0 {
			d.leaf(at, got, want, ok)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(w)) {
			inner := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			if value, ok := g[name]; ok {
				d.compare(inner, value, w[name])
				continue
			}
			d.want += leaves(w[name])
			d.say(inner, "is missing, want %s", short(w[name]))
		}
		for _, name := range slices.Sorted(maps.Keys(g)) {
			if _, ok := w[name]; !ok {
				d.got += leaves(g[name])
				d.say(at+"/"+name, "should not be there")
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) == 0 && len(g) == 0 {
			d.leaf(at, got, want, ok)
			return
		}
		if len(g) != len(w) {
			d.say(at, "has %d items, want %d", len(g), len(w))
		}
		for i := range max(len(g), len(w)) {
			switch {
			case i >= len(g):
				d.want += leaves(w[i])
			case i >= len(w):
				d.got += leaves(g[i])
			default:
				d.compare(at+"/"+strconv.Itoa(i), g[i], w[i])
			}
		}
	default:
		d.leaf(at, got, want, equalScalars(got, want))
	}
}

func (d *jsonDiff) leaf(at string, got, want any, same bool) {
	d.got += leaves(got)
	d.want += leaves(want)
	if same {
		d.same++
		return
	}
	d.say(at, "is %s, want %s", short(got), short(want))
}

// leaves counts the values in a value that hold no others.
func leaves(value any) int {
	n := 0
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range v {
			n += leaves(inner)
		}
	case []any:
		for _, inner := range v {
			n += leaves(inner)
		}
	}
	return max(n, 1)
}

func equalScalars(a, b any) bool {
	x, ok := a.(json.Number)
	y, also := b.(json.Number)
	if !ok || !also {
		switch a.(type) {
		case map[string]any, []any:
			return false
		}
		return a == b
	}
	if x == y {
		return true
	}
	if len(x) > 400 || len(y) > 400 || strings.ContainsAny(string(x)+string(y), "eE") {
		f, err := x.Float64()
		g, err2 := y.Float64()
		return err == nil && err2 == nil && f == g
	}
	p, ok := new(big.Rat).SetString(x.String())
	q, also := new(big.Rat).SetString(y.String())
	return ok && also && p.Cmp(q) == 0
}

// short writes a value for feedback.
func short(value any) string {
	raw, err := gepa.EncodeValue(value)
	if err != nil {
		return "?"
	}
	return quoteless(string(raw))
}

// makeSchema compiles the schema once, or where the label holds it, for every
// example.
func makeSchema(s Spec) (measure, gepa.Objective, error) {
	raw := []byte(s.Schema)
	if s.SchemaFile != "" {
		if s.Schema != nil {
			return nil, gepa.Objective{}, errors.New("schema and schema_file are both given: give one")
		}
		var err error
		if raw, err = os.ReadFile(s.SchemaFile); err != nil {
			return nil, gepa.Objective{}, fmt.Errorf("the schema cannot be read: %w", err)
		}
	}
	var fixed *jsonschema.Resolved
	if raw != nil {
		var err error
		if fixed, err = resolveSchema(raw); err != nil {
			return nil, gepa.Objective{}, err
		}
	}
	return func(in Input, t target) (float64, string, error) {
		schema := fixed
		if schema == nil {
			gold, err := gepa.EncodeValue(goldJSON(in.Example, t.label))
			if err == nil {
				schema, err = resolveSchema(gold)
			}
			if err != nil {
				return 0, "", gepa.Fatal(fmt.Errorf("metric: example %q: label %q: %w: correct the data", in.Example.ID, t.label, err))
			}
		}
		if _, problem := outputJSON(t); problem != "" {
			return 0, problem, nil
		}
		// The library knows numbers as float64.
		text := []byte(t.raw)
		var inner string
		if json.Unmarshal(t.raw, &inner) == nil {
			text = []byte(inner)
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			return 0, fmt.Sprintf("The output cannot be checked: %v.", err), nil
		}
		if err := validate(schema, value); err != nil {
			return 0, fmt.Sprintf("The JSON is valid, but not as the schema wants it: %s.", quoteless(err.Error())), nil
		}
		return 1, "Correct: the JSON is as the schema wants it.", nil
	}, gepa.Objective{}, nil
}

func resolveSchema(raw []byte) (*jsonschema.Resolved, error) {
	var schema jsonschema.Schema
	if err := json.Unmarshal(raw, &schema); err != nil {
		return nil, fmt.Errorf("the schema is not valid: %w", err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("the schema is not valid: %w", err)
	}
	return resolved, nil
}

// validate checks a value. The library panics at some schemas that it cannot
// use.
func validate(schema *jsonschema.Resolved, value any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the schema cannot be used: %v", p)
		}
	}()
	return schema.Validate(value)
}
