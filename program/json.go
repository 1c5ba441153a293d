package program

import (
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program/internal/py"
)

// JSONFormat is DSPy's format in which the reply is one JSON object. Broken
// JSON is repaired where possible.
type JSONFormat struct{}

// Name returns "json".
func (JSONFormat) Name() string { return "json" }

// Messages implements [Format].
func (JSONFormat) Messages(sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error) {
	return render(jsonWire{}, sig, demos, inputs)
}

// Parse implements [Format]. Fields that the signature does not have are
// ignored.
func (f JSONFormat) Parse(sig Signature, reply string) (gepa.Fields, error) {
	object, ok := repairJSON(reply).(*py.Dict)
	if !ok {
		if inner := firstObject(reply); inner != "" {
			object, ok = repairJSON(inner).(*py.Dict)
			reply = inner
		}
	}
	if !ok {
		return nil, &ParseError{
			Format:   f.Name(),
			Reason:   "there is no JSON object in it.",
			Expected: jsonWire{}.request(sig),
			Reply:    reply,
			dspyKind: "AdapterParseError",
			dspyHead: "LM response cannot be serialized to a JSON object.",
		}
	}
	parsed := values{}
	for _, it := range object.Items {
		field, ok := sig.output(it.Key)
		if !ok {
			continue
		}
		v, problem := parseValue(it.Value, field.Type)
		if problem != nil {
			return nil, &ParseError{
				Format:   f.Name(),
				Reason:   "the value of field `" + it.Key + "` is wrong: " + problem.Error() + ".",
				Expected: jsonWire{}.request(sig),
				Reply:    reply,
				dspyKind: problem.kind,
				dspyHead: firstLine(problem.head),
			}
		}
		parsed[it.Key] = v
	}
	return finish(f.Name(), "JSONAdapter", jsonWire{}, sig, reply, parsed)
}

// firstObject returns the first stretch of text from an opening brace to the
// one that closes it.
func firstObject(s string) string {
	var open []int
	start, end := -1, -1
	for i := range len(s) {
		switch s[i] {
		case '{':
			open = append(open, i)
		case '}':
			if len(open) == 0 {
				continue
			}
			from := open[len(open)-1]
			open = open[:len(open)-1]
			// The outermost balanced stretch with the leftmost start wins.
			if start < 0 || from < start {
				start, end = from, i+1
			}
		}
	}
	if start < 0 {
		return ""
	}
	return s[start:end]
}

type jsonWire struct{}

func (jsonWire) structure(sig Signature) string {
	layout := &py.Dict{}
	for _, f := range sig.Outputs {
		layout.Set(f.Name, placeholder(f, true))
	}
	return py.Strip(strings.Join([]string{
		layoutIntro,
		"Inputs will have the following structure:", chatLayout(sig.Inputs, false),
		"Outputs will be a JSON object with the following fields.", py.Dumps(layout, py.Layout{Indent: 2}),
	}, "\n\n"))
}

func (jsonWire) user(sig Signature, in values, prefix, request string) string {
	return chatWire{}.user(sig, in, prefix, request)
}

func (jsonWire) assistant(sig Signature, out values, missing py.Value) string {
	object := &py.Dict{}
	for _, f := range sig.Outputs {
		v, ok := out[f.Name]
		if !ok {
			v = missing
		}
		object.Set(f.Name, v)
	}
	return py.Dumps(object, py.Layout{Indent: 2})
}

func (jsonWire) request(sig Signature) string {
	parts := make([]string, len(sig.Outputs))
	for i, f := range sig.Outputs {
		parts[i] = "`" + f.Name + "`" + typeHint(f.Type)
	}
	return "Respond with a JSON object in the following order of fields: " + strings.Join(parts, ", then ") + "."
}
