package program

import (
	"fmt"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program/internal/py"
)

// A Format is a way to put a signature, demonstrations and inputs into
// messages, and to read the outputs from a reply. [ChatFormat], [JSONFormat]
// and [XMLFormat] are DSPy's, byte for byte.
//
// Formats are safe for concurrent use.
type Format interface {
	// Name returns the format's name, for instance "chat".
	Name() string
	// Messages returns the conversation to send. Demonstrations with all
	// fields are shown as they are, those with at least one input and one
	// output are announced as incomplete, others are left out. Fields that
	// are not in the signature are ignored. It fails only if a value is not
	// JSON or, for a history, not of the right shape.
	Messages(sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error)
	// Parse reads a reply: every output field, in the signature's order. The
	// error is a [*ParseError].
	Parse(sig Signature, reply string) (gepa.Fields, error)
}

// values are decoded fields; they are looked up by name, never ranged over.
type values map[string]py.Value

func decodeFields(fields gepa.Fields) (values, error) {
	out := make(values, len(fields))
	for _, f := range fields {
		if len(f.Value) == 0 {
			out[f.Name] = nil
			continue
		}
		v, err := py.Decode(f.Value)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.Name, err)
		}
		out[f.Name] = v
	}
	return out, nil
}

// wire is what tells DSPy's formats apart.
type wire interface {
	// structure explains the layout of inputs and outputs.
	structure(sig Signature) string
	// user renders inputs; request is the closing reminder, "" for past turns.
	user(sig Signature, in values, prefix, request string) string
	// assistant renders outputs, missing standing for those not given.
	assistant(sig Signature, out values, missing py.Value) string
	// request is the reminder of the outputs' layout.
	request(sig Signature) string
}

// Texts that stand for what a demonstration lacks.
const (
	incompleteDemo = "This is an example of the task, though some input or output fields are not supplied."
	notSupplied    = "Not supplied for this particular example. "
)

// render assembles a conversation: system message, incomplete demonstrations,
// complete ones, the turns of a history, the request.
func render(w wire, sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error) {
	in, err := decodeFields(inputs)
	if err != nil {
		return nil, fmt.Errorf("inputs: %w", err)
	}
	messages := []gepa.Message{{Role: "system", Content: systemMessage(w, sig)}}
	var complete []gepa.Message
	for i, demo := range demos {
		d, err := decodeFields(demo)
		if err != nil {
			return nil, fmt.Errorf("demonstration %d: %w", i+1, err)
		}
		switch completeness(sig, d) {
		case demoComplete:
			complete = append(complete, turn(w.user(sig, d, "", ""), w.assistant(sig, d, nil))...)
		case demoIncomplete:
			messages = append(messages, turn(w.user(sig, d, incompleteDemo, ""), w.assistant(sig, d, notSupplied))...)
		}
	}
	messages = append(messages, complete...)
	if name, ok := historyField(sig); ok {
		sig = sig.without(name)
		past, err := historyTurns(w, sig, in, name)
		if err != nil {
			return nil, err
		}
		messages = append(messages, past...)
	}
	if content := w.user(sig, in, "", w.request(sig)); content != "" {
		messages = append(messages, gepa.Message{Role: "user", Content: content})
	}
	return messages, nil
}

func turn(user, assistant string) []gepa.Message {
	return []gepa.Message{{Role: "user", Content: user}, {Role: "assistant", Content: assistant}}
}

type demoKind int

const (
	demoUseless demoKind = iota
	demoIncomplete
	demoComplete
)

func completeness(sig Signature, demo values) demoKind {
	has := func(fields []Field) (some, all bool) {
		all = true
		for _, f := range fields {
			v, ok := demo[f.Name]
			some = some || ok
			all = all && v != nil
		}
		return some, all
	}
	anyIn, allIn := has(sig.Inputs)
	anyOut, allOut := has(sig.Outputs)
	switch {
	case allIn && allOut:
		return demoComplete
	case anyIn && anyOut:
		return demoIncomplete
	default:
		return demoUseless
	}
}

func historyField(sig Signature) (string, bool) {
	for _, f := range sig.Inputs {
		if f.Type.kind() == kindHistory {
			return f.Name, true
		}
	}
	return "", false
}

// historyTurns renders the earlier turns of a conversation.
func historyTurns(w wire, sig Signature, in values, name string) ([]gepa.Message, error) {
	history, ok := in[name]
	if !ok {
		return nil, nil
	}
	checked, problem := History().validate(history)
	if problem != nil {
		return nil, fmt.Errorf("input %q is no conversation history {\"messages\": [{…}, …]}: %w", name, problem)
	}
	list, _ := checked.(*py.Dict).Get("messages")
	var messages []gepa.Message
	for _, m := range list.(py.List) {
		past := values{}
		for _, it := range m.(*py.Dict).Items {
			past[it.Key] = it.Value
		}
		if user := w.user(sig, past, "", ""); user != "" {
			messages = append(messages, gepa.Message{Role: "user", Content: user})
		}
		if assistant := w.assistant(sig, past, nil); assistant != "" {
			messages = append(messages, gepa.Message{Role: "assistant", Content: assistant})
		}
	}
	return messages, nil
}

func systemMessage(w wire, sig Signature) string {
	return "Your input fields are:\n" + describe(sig.Inputs) +
		"\nYour output fields are:\n" + describe(sig.Outputs) +
		"\n" + w.structure(sig) + "\n" + objective(sig.Instructions)
}

// describe lists fields with their types, descriptions and constraints.
func describe(fields []Field) string {
	lines := make([]string, len(fields))
	for i, f := range fields {
		desc := f.Description()
		if desc == "${"+f.Name+"}" {
			desc = ""
		}
		lines[i] = fmt.Sprintf("%d. `%s` (%s): %s", i+1, f.Name, f.Type, desc)
		if len(f.Constraints) > 0 {
			lines[i] += "\nConstraints: " + f.constraintText()
		}
	}
	return py.Strip(strings.Join(lines, "\n"))
}

func objective(instructions string) string {
	const indent = "\n        "
	lines := py.SplitLines(py.Dedent(py.CleanDoc(instructions)))
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(indent + line)
	}
	return "In adhering to this structure, your objective is: " + text.String()
}

// formatValue renders a field's value as text.
func formatValue(t Type, v py.Value) string {
	switch x := v.(type) {
	case py.List:
		if t.kind() == kindStr {
			return passages(x)
		}
		return py.Dumps(x, py.Layout{})
	case *py.Dict:
		return py.Dumps(x, py.Layout{})
	default:
		return py.Str(v)
	}
}

// passages renders a list given for a text field: numbered, quoted items.
func passages(list py.List) string {
	switch len(list) {
	case 0:
		return "N/A"
	case 1:
		return passage(list[0])
	}
	lines := make([]string, len(list))
	for i, x := range list {
		lines[i] = fmt.Sprintf("[%d] %s", i+1, passage(x))
	}
	return strings.Join(lines, "\n")
}

func passage(v py.Value) string {
	s, isText := v.(string)
	if !isText {
		return "«" + py.Str(v) + "»"
	}
	if !strings.ContainsAny(s, "\n«»") {
		return "«" + s + "»"
	}
	return "«««\n    " + strings.ReplaceAll(s, "\n", "\n    ") + "\n»»»"
}

// placeholder stands for a field's value in the explanation of the layout,
// with a note on what an output must look like.
func placeholder(f Field, output bool) string {
	hole := "{" + f.Name + "}"
	if !output {
		return hole
	}
	d := f.Type.def()
	var note string
	switch d.kind {
	case kindStr:
		return hole
	case kindBool:
		note = "must be True or False"
	case kindInt, kindFloat:
		note = "must be a single " + d.baseName() + " value"
	case kindEnum:
		words := make([]string, len(d.members))
		for i, m := range d.members {
			words[i] = py.Str(mustDecode(m.Value))
		}
		note = "must be one of: " + strings.Join(words, "; ")
	case kindLiteral:
		words := make([]string, len(d.literals))
		for i, l := range d.literals {
			words[i] = py.Str(l)
		}
		note = "must exactly match (no extra characters) one of: " + strings.Join(words, "; ")
	default:
		note = "must adhere to the JSON schema: " + string(f.Type.Schema())
	}
	return hole + "        # note: the value you produce " + note
}

// complete orders the parsed values as the signature does, fills in defaults,
// and reports whether every output is there.
func complete(sig Signature, parsed values) (fields gepa.Fields, missing []string) {
	fields = gepa.Fields{}
	for _, f := range sig.Outputs {
		v, ok := parsed[f.Name]
		switch {
		case ok:
			fields = append(fields, gepa.Field{Name: f.Name, Value: py.JSON(v)})
		case len(f.Default) > 0:
			fields = append(fields, gepa.Field{Name: f.Name, Value: f.Default})
		case f.Type.AllowsNone():
			fields = append(fields, gepa.Field{Name: f.Name, Value: []byte("null")})
		default:
			missing = append(missing, "`"+f.Name+"`")
		}
	}
	return fields, missing
}

// finish returns the parsed fields, or the error for a reply that lacks some.
func finish(format, adapter string, w wire, sig Signature, reply string, parsed values) (gepa.Fields, error) {
	fields, missing := complete(sig, parsed)
	if missing == nil {
		return fields, nil
	}
	noun := "field"
	if len(missing) > 1 {
		noun = "fields"
	}
	return nil, &ParseError{
		Format:   format,
		Reason:   "the " + noun + " " + strings.Join(missing, ", ") + " could not be found in it.",
		Expected: w.request(sig),
		Reply:    reply,
		Partial:  fields,
		dspyKind: "AdapterParseError",
		dspyHead: "Adapter " + adapter + " failed to parse the LM response. ",
	}
}
