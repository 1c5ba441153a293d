package openai

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/internal/wire"
)

// complete adds what go-openai leaves out or would refuse.
func (c *Client) complete(req lm.Request) wire.Completion {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	messages := make([]message, len(req.Messages))
	for i, m := range req.Messages {
		messages[i] = message(m)
	}
	fields := gepa.NewFields("model", c.endpoint.Model, "messages", messages)
	if t := req.Params.Temperature; t != nil {
		fields = append(fields, gepa.NewFields("temperature", *t)...)
	}
	if p := req.Params.TopP; p != nil {
		fields = append(fields, gepa.NewFields("top_p", *p)...)
	}
	if c.provider.Name == "openrouter" {
		fields = append(fields, gepa.Field{Name: "usage", Value: json.RawMessage(`{"include":true}`)})
	}
	if req.Schema != nil {
		fields = append(fields, c.structured(*req.Schema)...)
	}
	return func(r *http.Request, body gepa.Fields) gepa.Fields {
		for _, f := range fields {
			body = body.Set(f.Name, f.Value)
		}
		if c.provider.Name == azureName {
			c.azure.complete(r, c.endpoint.Key())
		}
		return body
	}
}

// structured asks for a reply of a form: by the provider's own parameter, or by
// a tool that must be called.
func (c *Client) structured(s lm.Schema) gepa.Fields {
	form := gepa.NewFields("name", cmp.Or(s.Name, wire.SchemaName))
	if c.Supports(lm.FeatureSchema) {
		form = append(form, gepa.NewFields("strict", s.Strict, "schema", s.JSON)...)
		return gepa.NewFields("response_format", gepa.NewFields("type", "json_schema", "json_schema", form))
	}
	choice := gepa.NewFields("type", "function", "function", form)
	tool := slices.Concat(form, gepa.NewFields("description", wire.ToolDescription, "parameters", s.JSON))
	return gepa.NewFields(
		"tools", []gepa.Fields{gepa.NewFields("type", "function", "function", tool)},
		"tool_choice", choice,
	)
}
