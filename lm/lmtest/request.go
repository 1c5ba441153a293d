package lmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A Dialect is a way to speak to a model over HTTP.
type Dialect string

// The dialects.
const (
	// OpenAI: POST …/chat/completions.
	OpenAI Dialect = "openai"
	// Anthropic: POST …/v1/messages.
	Anthropic Dialect = "anthropic"
	// Gemini: POST …/v1beta/models/MODEL:generateContent.
	Gemini Dialect = "gemini"
)

// A Request is what the server was sent.
type Request struct {
	// Number counts the server's requests from 0.
	Number int
	// Method, Path, Query and Header are those of the HTTP request.
	Method, Path, Query string
	Header              http.Header
	// Body is exactly what was sent.
	Body []byte

	// Dialect is the one that the path belongs to.
	Dialect Dialect
	// Key is the key that came in the dialect's header.
	Key string
	// Model, Messages, Params and JSON are read from Body; a system message of
	// its own field comes first. An effort is read from OpenAI's dialect and
	// Anthropic's.
	Model    string
	Messages []gepa.Message
	Params   lm.Params
	JSON     bool
	// Schema is the form that was asked for, and Tool the name of the tool that
	// stands in for it, if one does.
	Schema json.RawMessage
	Tool   string
}

// dialectOf returns the dialect of a path.
func dialectOf(path string) (Dialect, bool) {
	switch {
	case strings.HasSuffix(path, "/chat/completions"):
		return OpenAI, true
	case strings.HasSuffix(path, "/v1/messages"):
		return Anthropic, true
	case strings.HasPrefix(path, "/v1beta/models/") && strings.HasSuffix(path, ":generateContent"):
		return Gemini, true
	}
	return "", false
}

// read fills in what Body says.
func (r *Request) read() error {
	switch r.Dialect {
	case Anthropic:
		r.Key = r.Header.Get("X-Api-Key")
		return r.readAnthropic()
	case Gemini:
		r.Key = r.Header.Get("X-Goog-Api-Key")
		return r.readGemini()
	default:
		r.Key = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if r.Key == "" {
			r.Key = r.Header.Get("Api-Key") // Azure
		}
		return r.readOpenAI()
	}
}

func (r *Request) readOpenAI() error {
	var body struct {
		Model    string         `json:"model"`
		Messages []gepa.Message `json:"messages"`
		lm.Params
		MaxCompletionTokens int `json:"max_completion_tokens"`
		ResponseFormat      struct {
			Type       string `json:"type"`
			JSONSchema struct {
				Schema json.RawMessage `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
		Tools []struct {
			Function struct {
				Name       string          `json:"name"`
				Parameters json.RawMessage `json:"parameters"`
			} `json:"function"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return fmt.Errorf("the body is not JSON of the right form: %w", err)
	}
	r.Model, r.Messages, r.Params = body.Model, body.Messages, body.Params
	r.Params.MaxTokens += body.MaxCompletionTokens
	r.JSON, r.Schema = body.ResponseFormat.Type == "json_object", body.ResponseFormat.JSONSchema.Schema
	if len(body.Tools) > 0 {
		r.Tool, r.Schema = body.Tools[0].Function.Name, body.Tools[0].Function.Parameters
	}
	return nil
}

func (r *Request) readAnthropic() error {
	type text struct {
		Text string `json:"text"`
	}
	var body struct {
		Model    string `json:"model"`
		System   []text `json:"system"`
		Messages []struct {
			Role    string `json:"role"`
			Content []text `json:"content"`
		} `json:"messages"`
		lm.Params
		StopSequences []string `json:"stop_sequences"`
		OutputConfig  struct {
			Effort string `json:"effort"`
			Format struct {
				Schema json.RawMessage `json:"schema"`
			} `json:"format"`
		} `json:"output_config"`
		Tools []struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"input_schema"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return fmt.Errorf("the body is not JSON of the right form: %w", err)
	}
	r.Model, r.Params, r.Schema = body.Model, body.Params, body.OutputConfig.Format.Schema
	r.Params.Stop, r.Params.ReasoningEffort = body.StopSequences, body.OutputConfig.Effort
	for _, s := range body.System {
		r.Messages = append(r.Messages, gepa.Message{Role: "system", Content: s.Text})
	}
	for _, m := range body.Messages {
		for _, c := range m.Content {
			r.Messages = append(r.Messages, gepa.Message{Role: m.Role, Content: c.Text})
		}
	}
	if len(body.Tools) > 0 {
		r.Tool, r.Schema = body.Tools[0].Name, body.Tools[0].Schema
	}
	return nil
}

func (r *Request) readGemini() error {
	type content struct {
		Role  string `json:"role"`
		Parts []struct {
			Text string `json:"text"`
		} `json:"parts"`
	}
	var body struct {
		System           *content  `json:"systemInstruction"`
		Contents         []content `json:"contents"`
		GenerationConfig struct {
			Temperature        *float64        `json:"temperature"`
			TopP               *float64        `json:"topP"`
			Seed               *int64          `json:"seed"`
			MaxOutputTokens    int             `json:"maxOutputTokens"`
			StopSequences      []string        `json:"stopSequences"`
			ResponseMIMEType   string          `json:"responseMimeType"`
			ResponseJSONSchema json.RawMessage `json:"responseJsonSchema"`
		} `json:"generationConfig"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return fmt.Errorf("the body is not JSON of the right form: %w", err)
	}
	r.Model = strings.TrimSuffix(strings.TrimPrefix(r.Path, "/v1beta/models/"), ":generateContent")
	config := body.GenerationConfig
	r.Params = lm.Params{
		Temperature: config.Temperature, TopP: config.TopP, Seed: config.Seed,
		MaxTokens: config.MaxOutputTokens, Stop: config.StopSequences,
	}
	r.JSON, r.Schema = config.ResponseMIMEType == "application/json", config.ResponseJSONSchema
	if body.System != nil {
		body.System.Role = "system"
		body.Contents = append([]content{*body.System}, body.Contents...)
	}
	for _, c := range body.Contents {
		role := c.Role
		if role == "model" {
			role = "assistant"
		}
		for _, p := range c.Parts {
			r.Messages = append(r.Messages, gepa.Message{Role: role, Content: p.Text})
		}
	}
	return nil
}
