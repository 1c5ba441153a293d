// Package openai speaks to every endpoint with an OpenAI-style chat API:
// OpenAI itself, Azure, OpenRouter, Ollama, vLLM, llama.cpp, LM Studio, Groq,
// DeepSeek, Together and whatever else serves /chat/completions.
//
// Requests are built and sent by go-openai. Its HTTP client is wrapped,
// because it leaves out what this project needs: a temperature of 0, message
// contents that are empty, headers of failed calls, the provider's cost and
// reasoning; and because it refuses some models and parameters by its own
// list, where the provider's word should count.
package openai

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/internal/wire"
)

// Config says which model to speak to, and where.
type Config struct {
	// Model is the model's full name, provider first, for instance
	// "openai/gpt-4.1-mini", "openrouter/google/gemini-2.5-flash-lite",
	// "ollama/llama3.2", "azure/my-deployment" or "openai-compatible/my-model".
	// Required.
	Model string
	// BaseURL is where the API lives, for instance "http://localhost:8000/v1".
	// "" means the provider's own; "openai-compatible" and "azure" have none.
	BaseURL string
	// APIVersion is Azure's api-version. "" means the variable
	// AZURE_API_VERSION, or else 2024-10-21.
	APIVersion string
	// KeyVar names the environment variable that holds the key, instead of
	// the provider's own. A variable named here must be set.
	KeyVar string
	// Getenv reads an environment variable. Nil means [os.Getenv].
	Getenv func(string) string
	// HTTPClient sends the requests; its redirect policy is not used. Nil
	// means a new one that keeps up to 256 connections open.
	HTTPClient *http.Client
	// MaxReplyBytes bounds the size of a response. 0 means 16 MiB.
	MaxReplyBytes int64
}

// Client is an [lm.Model] behind an OpenAI-style endpoint. It sets no time
// limit and does not repeat failed requests: that is for [lm.Timeout] and
// [lm.Retry]. Only a parameter that the model turns out not to take is left out
// and the request sent again, once; see [lm.Reply]. It is safe for concurrent
// use.
type Client struct {
	endpoint *wire.Endpoint
	provider Provider
	azure    azure
	library  *goopenai.Client
}

// New returns a client. The key is read from the environment now, and only
// from there; a missing one is an [*lm.Error] of KindAuth that names the
// variable to set.
func New(c Config) (*Client, error) {
	providerName, model := lm.ParseName(c.Model)
	if providerName == "" || model == "" {
		return nil, fmt.Errorf("model %q: want provider/model, for instance %q; providers are %s",
			c.Model, "openai/gpt-4.1-mini", providerNames())
	}
	provider, ok := FindProvider(providerName)
	if !ok {
		return nil, fmt.Errorf("model %q: unknown provider %q; known are %s. Any other OpenAI-style endpoint is openai-compatible/MODEL with a base URL",
			c.Model, providerName, providerNames())
	}
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	endpoint, err := wire.Open(wire.Config{
		Model: c.Model, BaseURL: c.BaseURL, KeyVar: c.KeyVar, Getenv: c.Getenv,
		HTTPClient: c.HTTPClient, MaxReplyBytes: c.MaxReplyBytes,
	}, provider.preset())
	if err != nil {
		return nil, err
	}
	client := &Client{endpoint: endpoint, provider: provider}
	if provider.Name == azureName {
		client.azure = newAzure(c, endpoint)
	}
	if provider.Name == "openai" && reasoningModel.MatchString(model) {
		endpoint.Forgo(wire.ParamMaxTokens)
	}
	config := goopenai.DefaultConfig(endpoint.Key())
	config.BaseURL, config.HTTPClient = endpoint.BaseURL, endpoint
	client.library = goopenai.NewClientWithConfig(config)
	return client, nil
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

// schemaless matches OpenAI's models from before the schema parameter.
var schemaless = regexp.MustCompile(`^(gpt-3\.5|gpt-4($|-[0-9]|-turbo)|gpt-4o-2024-05-13)`)

// Supports says what the provider is known to take; see [lm.Capable].
func (c *Client) Supports(f lm.Feature) bool {
	byTool := c.provider.SchemaAsTool || c.provider.Name == "openai" && schemaless.MatchString(c.endpoint.Model)
	switch f {
	case lm.FeatureJSON, lm.FeatureTool:
		return true
	case lm.FeatureSchema:
		return !byTool
	case lm.FeatureSeed:
		return c.endpoint.Takes(wire.ParamSeed)
	case lm.FeatureCost:
		return c.provider.ReportsCost
	}
	return false
}

// Complete sends one request and waits for the reply; see [lm.Model].
func (c *Client) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	return c.endpoint.Adapt(ctx, req, c.once)
}

func (c *Client) once(ctx context.Context, req lm.Request) (lm.Reply, error) {
	call, err := c.endpoint.Send(ctx, c.complete(req), func(ctx context.Context) error {
		_, err := c.library.CreateChatCompletion(ctx, c.request(req))
		return err
	})
	if err != nil {
		return lm.Reply{}, err
	}
	return c.decode(call, req)
}

// reasoningModel matches OpenAI's models that take max_completion_tokens in
// place of max_tokens: o1, o3-mini, gpt-5 and later. Of others (on Azure, a
// deployment's name says nothing) the provider's refusal tells.
var reasoningModel = regexp.MustCompile(`^(o[0-9]|gpt-([5-9]|[1-9][0-9])([^0-9]|$))`)

// request is the part of the request that go-openai can express.
func (c *Client) request(req lm.Request) goopenai.ChatCompletionRequest {
	out := goopenai.ChatCompletionRequest{Stop: req.Params.Stop, ReasoningEffort: req.Params.ReasoningEffort}
	if c.endpoint.Takes(wire.ParamMaxTokens) {
		out.MaxTokens = req.Params.MaxTokens //nolint:staticcheck // deprecated by OpenAI; most others know no other name
	} else {
		out.MaxCompletionTokens = req.Params.MaxTokens
	}
	if req.Params.Seed != nil {
		seed := int(*req.Params.Seed)
		out.Seed = &seed
	}
	if req.JSON && req.Schema == nil {
		out.ResponseFormat = &goopenai.ChatCompletionResponseFormat{Type: goopenai.ChatCompletionResponseFormatTypeJSONObject}
	}
	return out
}
