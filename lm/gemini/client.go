// Package gemini speaks to Google's Gemini API (generateContent of Google AI;
// not Vertex AI, which has other keys).
//
// Requests are written by Google's own library, with its reading of the
// environment off. Its HTTP client is wrapped, so that headers and bodies of
// failed calls, the exact temperature and the order of a schema's keys are not
// lost. The key is sent in a header, never in a URL.
package gemini

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/genai"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/internal/wire"
)

// Prefix is the first part of the names of models that this package reaches.
const Prefix = "gemini"

// DefaultBaseURL is where the API lives unless Config or the environment says
// otherwise.
const DefaultBaseURL = "https://generativelanguage.googleapis.com"

// apiVersion is the version of the API, the only one with every feature.
const apiVersion = "v1beta"

// KeyVars returns the environment variables that may hold the key, in the
// order of preference.
func KeyVars() []string { return []string{"GEMINI_API_KEY", "GOOGLE_API_KEY"} }

// BaseURLVars returns the environment variables that override DefaultBaseURL.
func BaseURLVars() []string { return []string{"GEMINI_API_BASE", "GOOGLE_GEMINI_BASE_URL"} }

// Config says which model to speak to, and where.
type Config struct {
	// Model is the model's full name, for instance "gemini/gemini-2.5-flash".
	// Required.
	Model string
	// BaseURL is where the API lives, without "/v1beta". "" means what the
	// environment says, or else DefaultBaseURL.
	BaseURL string
	// KeyVar names the environment variable that holds the key, instead of
	// GEMINI_API_KEY and GOOGLE_API_KEY. A variable named here must be set.
	KeyVar string
	// Getenv reads an environment variable. Nil means [os.Getenv].
	Getenv func(string) string
	// HTTPClient sends the requests; its redirect policy is not used. Nil
	// means a new one that keeps up to 256 connections open.
	HTTPClient *http.Client
	// MaxReplyBytes bounds the size of a response. 0 means 16 MiB.
	MaxReplyBytes int64
}

// Client is an [lm.Model] behind the Gemini API. It sets no time limit and does
// not repeat failed requests: that is for [lm.Timeout] and [lm.Retry]. Only a
// parameter that the model turns out not to take is left out and the request
// sent again, once; see [lm.Reply]. It is safe for concurrent use.
//
// System messages are sent as the API's system instruction, wherever they
// stand. Usage counts the model's thoughts as output tokens.
type Client struct {
	endpoint *wire.Endpoint
	models   *genai.Models
}

// New returns a client. The key is read from the environment now, and only
// from there; a missing one is an [*lm.Error] of KindAuth that names the
// variables.
func New(c Config) (*Client, error) {
	endpoint, err := wire.Open(wire.Config(c), wire.Preset{
		Name: Prefix, Example: "gemini-2.5-flash",
		BaseURL: DefaultBaseURL, BaseURLVars: BaseURLVars(), KeyVars: KeyVars(),
		Endings: []string{"/models", "/" + apiVersion}, Found: "/" + apiVersion, Like: DefaultBaseURL,
	})
	if err != nil {
		return nil, err
	}
	library, err := newLibrary(&genai.ClientConfig{
		APIKey:      endpoint.Key(),
		Backend:     genai.BackendGeminiAPI,
		HTTPClient:  &http.Client{Transport: endpoint},
		HTTPOptions: genai.HTTPOptions{BaseURL: endpoint.BaseURL + "/", APIVersion: apiVersion},
	})
	if err != nil {
		return nil, fmt.Errorf("model %q: %s", c.Model, endpoint.Redact(err.Error()))
	}
	return &Client{endpoint: endpoint, models: library.Models}, nil
}

// Name returns the model's full name.
func (c *Client) Name() string { return c.endpoint.Name }

// BaseURL returns where requests go.
func (c *Client) BaseURL() string { return c.endpoint.BaseURL }

// Close closes the connections that are idle. The client can still be used.
func (c *Client) Close() error {
	c.endpoint.Close()
	return nil
}

// schemaless matches the models that take no schema.
var schemaless = regexp.MustCompile(`^(models/)?(gemma-|gemini-1\.0)`)

// Supports says what the model is known to take; see [lm.Capable].
func (c *Client) Supports(f lm.Feature) bool {
	switch f {
	case lm.FeatureSchema, lm.FeatureJSON:
		return !schemaless.MatchString(c.endpoint.Model)
	case lm.FeatureSeed:
		return c.endpoint.Takes(wire.ParamSeed)
	}
	return false
}

// Complete sends one request and waits for the reply; see [lm.Model].
func (c *Client) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	return c.endpoint.Adapt(ctx, req, c.once)
}

func (c *Client) once(ctx context.Context, req lm.Request) (lm.Reply, error) {
	contents, config := c.request(req)
	call, err := c.endpoint.Send(ctx, c.complete(req), func(ctx context.Context) error {
		_, err := c.models.GenerateContent(ctx, c.endpoint.Model, contents, config)
		return err
	})
	if err != nil {
		return lm.Reply{}, err
	}
	return c.decode(call)
}

func (c *Client) request(req lm.Request) ([]*genai.Content, *genai.GenerateContentConfig) {
	config := &genai.GenerateContentConfig{
		StopSequences:  req.Params.Stop,
		ThinkingConfig: thinking(c.endpoint.Model, req.Params.ReasoningEffort),
	}
	system, conversation := wire.SplitSystem(req.Messages)
	if system != "" {
		config.SystemInstruction = genai.NewContentFromText(system, "")
	}
	var contents []*genai.Content
	for _, m := range conversation {
		role := genai.RoleUser
		if m.Role == "assistant" {
			role = genai.RoleModel
		}
		contents = append(contents, genai.NewContentFromText(m.Content, genai.Role(role)))
	}
	return contents, config
}

// budgetOf returns the thinking tokens of an effort, for models that are told a
// number: what Google's own OpenAI-style endpoint makes of those words.
func budgetOf(effort string) (tokens int32, ok bool) {
	switch effort {
	case "none":
		return 0, true
	case "minimal", "low":
		return 1024, true
	case "medium":
		return 8192, true
	case "high":
		return 24576, true
	}
	return 0, false
}

// numbered matches the models that are told how long to think as a number of
// tokens; later ones are told a level.
var numbered = regexp.MustCompile(`^(models/)?gemini-2\.5`)

func thinking(model, effort string) *genai.ThinkingConfig {
	if effort == "" {
		return nil
	}
	if tokens, ok := budgetOf(effort); ok && numbered.MatchString(model) {
		return &genai.ThinkingConfig{ThinkingBudget: &tokens}
	}
	return &genai.ThinkingConfig{ThinkingLevel: genai.ThinkingLevel(strings.ToUpper(effort))}
}

// complete adds the parameters that the library would round, cut or sort.
func (c *Client) complete(req lm.Request) wire.Completion {
	p := req.Params
	var add gepa.Fields
	if p.Temperature != nil {
		add = append(add, gepa.NewFields("temperature", *p.Temperature)...)
	}
	if p.TopP != nil {
		add = append(add, gepa.NewFields("topP", *p.TopP)...)
	}
	if p.Seed != nil {
		add = append(add, gepa.NewFields("seed", *p.Seed)...)
	}
	if p.MaxTokens > 0 {
		add = append(add, gepa.NewFields("maxOutputTokens", p.MaxTokens)...)
	}
	switch {
	case !c.Supports(lm.FeatureJSON):
	case req.Schema != nil:
		add = append(add, gepa.NewFields("responseMimeType", "application/json", "responseJsonSchema", req.Schema.JSON)...)
	case req.JSON:
		add = append(add, gepa.NewFields("responseMimeType", "application/json")...)
	}
	return func(_ *http.Request, body gepa.Fields) gepa.Fields {
		if add == nil {
			return body
		}
		var config gepa.Fields
		if raw, ok := body.Get("generationConfig"); ok && json.Unmarshal(raw, &config) != nil {
			config = nil // cannot be: the library wrote it
		}
		raw, err := append(config, add...).MarshalJSON()
		if err != nil {
			return body // cannot be: each field was encoded above
		}
		return body.Set("generationConfig", raw)
	}
}
