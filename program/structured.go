package program

import (
	"errors"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// StructuredFormat is [JSONFormat] with the signature's output types sent as a
// JSON schema (see [Signature.OutputSchema]): as the provider's own parameter or
// as a tool where the model says that it supports one (see [lm.Supports]), by
// the provider's JSON mode and as words in the prompt where not.
//
// A way that the provider refuses for this request, as some do with types that
// their schemas cannot express, gives way to the next; so does, once, one whose
// reply cannot be read. Where the next way got a reply, the model remembers the
// refusal (see [lm.RememberForms]) and that way is not sent again. Whatever was sent, every value is checked against its
// type. The trace names the way of each exchange: "json_schema", "json_tool",
// "json", "json_prompt".
type StructuredFormat struct{}

// Name returns "structured".
func (StructuredFormat) Name() string { return "structured" }

// Messages implements [Format].
func (StructuredFormat) Messages(sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error) {
	return JSONFormat{}.Messages(sig, demos, inputs)
}

// Parse implements [Format].
func (StructuredFormat) Parse(sig Signature, reply string) (gepa.Fields, error) {
	return JSONFormat{}.Parse(sig, reply)
}

// promptedFormat is [JSONFormat] with the schema at the end of the request.
type promptedFormat struct{ JSONFormat }

func (promptedFormat) Messages(sig Signature, demos []gepa.Fields, inputs gepa.Fields) ([]gepa.Message, error) {
	messages, err := JSONFormat{}.Messages(sig, demos, inputs)
	if err != nil {
		return nil, err
	}
	messages[len(messages)-1].Content += "\n\nThe JSON object must match this JSON schema:\n" + string(sig.OutputSchema())
	return messages, nil
}

// A way is one way of asking for a signature's outputs.
type way struct {
	format Format
	// name is what the trace calls it.
	name string
	// json and schema ask the provider for a form.
	json   bool
	schema *lm.Schema
}

// ways returns the ways to ask in the run's format, the one to begin with
// first: each follows where the one before it leads to nothing.
func (c call) ways() []way {
	format := c.run.runtime.Format
	json := way{format: JSONFormat{}, name: JSONFormat{}.Name(), json: true}
	switch format.(type) {
	case JSONFormat:
		return []way{json}
	case StructuredFormat:
	default:
		return []way{{format: format, name: format.Name()}, json}
	}
	model := c.run.runtime.Model
	var ways []way
	native := lm.Supports(model, lm.FeatureSchema)
	if native || lm.Supports(model, lm.FeatureTool) {
		schema := way{format: format, name: "json_tool", schema: &lm.Schema{
			Name: "outputs", JSON: c.setting.sig.OutputSchema(), Strict: true,
		}}
		if native {
			schema.name = "json_schema"
		}
		ways = append(ways, schema)
	}
	if lm.Supports(model, lm.FeatureJSON) {
		ways = append(ways, json)
	}
	return append(ways, way{format: promptedFormat{}, name: "json_prompt"})
}

// refusedForm reports whether an error is the provider's refusal of a request
// that asks for a form.
func (w way) refusedForm(err error) bool {
	refused, ok := errors.AsType[*lm.Error](err)
	return ok && refused.Kind == lm.KindBadRequest && (w.schema != nil || w.json)
}
