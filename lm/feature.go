package lm

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A Schema asks that a reply is one JSON value of a certain form.
type Schema struct {
	// Name names the value, for providers that want one: 1 to 64 letters,
	// digits, underscores and hyphens. "" means "reply".
	Name string `json:"name,omitempty"`
	// JSON is the JSON schema: an object. It is sent as it stands, its keys in
	// their order; providers accept different parts of the standard.
	JSON json.RawMessage `json:"schema"`
	// Strict asks the provider to make any other reply impossible, where it
	// tells a promise from an attempt. OpenAI then wants every property
	// required and no others allowed, at every level.
	Strict bool `json:"strict,omitempty"`
}

// Check returns an error that says what is wrong with a schema that no
// provider would take.
func (s Schema) Check() error {
	var object map[string]json.RawMessage
	switch err := json.Unmarshal(s.JSON, &object); {
	case len(s.JSON) == 0:
		return errors.New("the schema is empty")
	case err != nil:
		return fmt.Errorf("the schema is not a JSON object: %w", err)
	case len(s.Name) > 64:
		return fmt.Errorf("the schema's name has %d characters; at most 64 are allowed", len(s.Name))
	}
	for _, r := range s.Name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' {
			return fmt.Errorf("the schema's name %q holds %q; only letters, digits, _ and - are allowed", s.Name, r)
		}
	}
	return nil
}

// A Feature is something that not every model can do.
type Feature string

// The features that callers may depend on.
const (
	// FeatureJSON: [Request.JSON] makes the reply one JSON object.
	FeatureJSON Feature = "json"
	// FeatureSchema: [Request.Schema] is sent as the provider's own parameter.
	FeatureSchema Feature = "schema"
	// FeatureTool: [Request.Schema] is sent as a tool that the model must call;
	// the call's arguments become the reply's text.
	FeatureTool Feature = "tool"
	// FeatureSeed: [Params.Seed] is sent.
	FeatureSeed Feature = "seed"
	// FeatureCost: replies carry what the provider says they cost.
	FeatureCost Feature = "cost"
)

// Features returns all features, in the order of their documentation.
func Features() []Feature {
	return []Feature{FeatureJSON, FeatureSchema, FeatureTool, FeatureSeed, FeatureCost}
}

// Capable is a [Model] that knows what it can do. Supports is about what the
// model's preset promises, without asking the provider; it must be safe for
// concurrent use.
type Capable interface {
	Model
	Supports(f Feature) bool
}

// Supports reports whether m, or the model that m wraps (found by a method
// Unwrap() Model, as the models of this package have), supports a feature. A
// model that does not say supports none.
func Supports(m Model, f Feature) bool {
	for m != nil {
		if c, ok := m.(Capable); ok {
			return c.Supports(f)
		}
		w, ok := m.(interface{ Unwrap() Model })
		if !ok {
			return false
		}
		m = w.Unwrap()
	}
	return false
}
