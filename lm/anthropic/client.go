// Package anthropic speaks to Anthropic's Messages API.
//
// Requests are written and responses read by Anthropic's own library, with its
// retries, its time limits, its telemetry and its reading of the environment
// off. Its HTTP client is wrapped, so that headers of failed calls and the order
// of a schema's keys are not lost.
package anthropic

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/internal/wire"
)

// Prefix is the first part of the names of models that this package reaches.
const Prefix = "anthropic"

// DefaultBaseURL is where the API lives unless Config or the environment says
// otherwise.
const DefaultBaseURL = "https://api.anthropic.com"

// DefaultMaxTokens bounds replies to requests that set no bound: the API wants
// one. Thinking counts against it.
const DefaultMaxTokens = 8192

// KeyVars returns the environment variables that may hold the key, in the
// order of preference.
func KeyVars() []string { return []string{"ANTHROPIC_API_KEY"} }

// BaseURLVars returns the environment variables that override DefaultBaseURL.
func BaseURLVars() []string { return []string{"ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"} }

// Config says which model to speak to, and where.
type Config struct {
	// Model is the model's full name, for instance
	// "anthropic/claude-sonnet-4-5". Required.
	Model string
	// BaseURL is where the API lives, without "/v1/messages". "" means what
	// the environment says, or else DefaultBaseURL.
	BaseURL string
	// KeyVar names the environment variable that holds the key, instead of
	// ANTHROPIC_API_KEY. A variable named here must be set.
	KeyVar string
	// Getenv reads an environment variable. Nil means [os.Getenv].
	Getenv func(string) string
	// HTTPClient sends the requests; its redirect policy is not used. Nil
	// means a new one that keeps up to 256 connections open.
	HTTPClient *http.Client
	// MaxReplyBytes bounds the size of a response. 0 means 16 MiB.
	MaxReplyBytes int64
}

// Client is an [lm.Model] behind Anthropic's Messages API. It sets no time
// limit and does not repeat failed requests: that is for [lm.Timeout] and
// [lm.Retry]. Only a parameter that the model turns out not to take is left out
// and the request sent again, once; see [lm.Reply]. It is safe for concurrent
// use.
//
// System messages are sent as the API's own field, wherever they stand. The
// API has no seed and no JSON mode; a seed is left out. Usage counts what was
// read from and written to the prompt cache as input tokens.
type Client struct {
	endpoint *wire.Endpoint
	messages sdk.MessageService
}

// New returns a client. The key is read from the environment now, and only
// from there; a missing one is an [*lm.Error] of KindAuth that names the
// variable to set.
func New(c Config) (*Client, error) {
	endpoint, err := wire.Open(wire.Config(c), wire.Preset{
		Name: Prefix, Example: "claude-sonnet-4-5",
		BaseURL: DefaultBaseURL, BaseURLVars: BaseURLVars(), KeyVars: KeyVars(),
		Endings: []string{"/messages", "/v1"}, Found: "/v1/messages", Like: DefaultBaseURL,
	})
	if err != nil {
		return nil, err
	}
	endpoint.Forgo(wire.ParamSeed)
	// The service alone: the library's client would read the environment, too.
	messages := sdk.NewMessageService(
		option.WithBaseURL(endpoint.BaseURL+"/"),
		option.WithAPIKey(endpoint.Key()),
		option.WithHTTPClient(endpoint),
		option.WithMaxRetries(0),
		// The library refuses long replies that have no limit of their own.
		option.WithRequestTimeout(24*time.Hour),
	)
	return &Client{endpoint: endpoint, messages: messages}, nil
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

// schemaless matches the models from before the schema parameter.
var schemaless = regexp.MustCompile(`^claude-(instant|[23][-.]|(sonnet|opus)-4($|-0|-2025|@))`)

// Supports says what the model is known to take; see [lm.Capable].
func (c *Client) Supports(f lm.Feature) bool {
	switch f {
	case lm.FeatureTool:
		return true
	case lm.FeatureSchema:
		return !schemaless.MatchString(c.endpoint.Model)
	}
	return false
}

// Complete sends one request and waits for the reply; see [lm.Model].
func (c *Client) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	return c.endpoint.Adapt(ctx, req, c.once)
}

func (c *Client) once(ctx context.Context, req lm.Request) (lm.Reply, error) {
	call, err := c.endpoint.Send(ctx, c.complete(req), func(ctx context.Context) error {
		_, err := c.messages.New(ctx, c.request(req))
		return err
	})
	if err != nil {
		return lm.Reply{}, err
	}
	return c.decode(call, req)
}

func (c *Client) request(req lm.Request) sdk.MessageNewParams {
	p := req.Params
	out := sdk.MessageNewParams{
		Model:         c.endpoint.Model,
		MaxTokens:     int64(cmp.Or(p.MaxTokens, DefaultMaxTokens)),
		StopSequences: p.Stop,
	}
	system, conversation := wire.SplitSystem(req.Messages)
	if system != "" {
		out.System = []sdk.TextBlockParam{{Text: system}}
	}
	for _, m := range conversation {
		block := sdk.NewTextBlock(m.Content)
		if m.Role == "assistant" {
			out.Messages = append(out.Messages, sdk.NewAssistantMessage(block))
			continue
		}
		out.Messages = append(out.Messages, sdk.NewUserMessage(block))
	}
	if p.Temperature != nil {
		out.Temperature = sdk.Float(*p.Temperature)
	}
	if p.TopP != nil {
		out.TopP = sdk.Float(*p.TopP)
	}
	return out
}

// complete adds the schema and the effort. They are not left to the library,
// which would sort the schema's keys: replies follow their order.
func (c *Client) complete(req lm.Request) wire.Completion {
	var output gepa.Fields
	if effort := req.Params.ReasoningEffort; effort != "" {
		output = gepa.NewFields("effort", effort)
	}
	var tool gepa.Fields
	if s := req.Schema; s != nil && c.Supports(lm.FeatureSchema) {
		output = append(output, gepa.NewFields("format", gepa.NewFields("type", "json_schema", "schema", s.JSON))...)
	} else if s != nil {
		name := cmp.Or(s.Name, wire.SchemaName)
		tool = gepa.NewFields(
			"tools", []gepa.Fields{gepa.NewFields("name", name, "description", wire.ToolDescription, "input_schema", s.JSON)},
			"tool_choice", gepa.NewFields("type", "tool", "name", name),
		)
	}
	return func(_ *http.Request, body gepa.Fields) gepa.Fields {
		if output != nil {
			body = append(body, gepa.NewFields("output_config", output)...)
		}
		return append(body, tool...)
	}
}

func (c *Client) decode(call *wire.Call, req lm.Request) (lm.Reply, error) {
	if reply, err, done := c.endpoint.Check(call); done {
		return reply, err
	}
	var m sdk.Message
	if err := json.Unmarshal(call.Body, &m); err != nil {
		return lm.Reply{}, c.endpoint.Malformed(call, "the response is not the JSON of a message: "+err.Error())
	}
	if m.Type == "error" {
		return c.endpoint.Refused(call, 0, call.Body)
	}
	usage := c.usage(m)
	if !m.JSON.Content.Valid() {
		return lm.Reply{}, c.endpoint.MalformedButMeasured(call, "the response has no content", usage)
	}
	reply := lm.Reply{Usage: usage, Model: m.Model, Finish: finish(m.StopReason)}
	var text, thinking strings.Builder
	tool := ""
	for _, block := range m.Content {
		switch block.Type {
		case "text":
			text.WriteString(block.Text)
		case "thinking":
			thinking.WriteString(block.Thinking)
		case "tool_use":
			if req.Schema != nil && block.Name == cmp.Or(req.Schema.Name, wire.SchemaName) {
				tool = string(block.Input)
			}
		}
	}
	reply.Text, reply.Reasoning = text.String(), thinking.String()
	if tool != "" {
		reply.Text = tool
		if reply.Finish == lm.FinishTools {
			reply.Finish = lm.FinishStop
		}
	}
	return wire.Finished(reply), nil
}

func finish(reason sdk.StopReason) lm.Finish {
	switch reason {
	case sdk.StopReasonMaxTokens, "model_context_window_exceeded":
		return lm.FinishLength
	case sdk.StopReasonToolUse, sdk.StopReasonPauseTurn:
		return lm.FinishTools
	case sdk.StopReasonRefusal:
		return lm.FinishFiltered
	default: // "end_turn", "stop_sequence", and what may come
		return lm.FinishStop
	}
}

func (c *Client) usage(m sdk.Message) lm.Usage {
	if !m.JSON.Usage.Valid() {
		return c.endpoint.Unmeasured()
	}
	count := func(n int64) int64 { return wire.Tokens(float64(n)) }
	// The pinned version of the library does not know these details.
	var more struct {
		Details struct {
			ThinkingTokens int64 `json:"thinking_tokens"`
		} `json:"output_tokens_details"`
	}
	if err := json.Unmarshal([]byte(m.Usage.RawJSON()), &more); err != nil {
		more.Details.ThinkingTokens = 0 // an extra that nobody else needs
	}
	u := lm.Usage{
		Calls:            1,
		OutputTokens:     count(m.Usage.OutputTokens),
		CacheReadTokens:  count(m.Usage.CacheReadInputTokens),
		CacheWriteTokens: count(m.Usage.CacheCreationInputTokens),
		ReasoningTokens:  count(more.Details.ThinkingTokens),
		Cost:             gepa.Cost{Unknown: 1},
	}
	u.InputTokens = count(m.Usage.InputTokens) + u.CacheReadTokens + u.CacheWriteTokens
	return u
}
