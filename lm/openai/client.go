// Package openai speaks to every endpoint with an OpenAI-style chat API:
// OpenAI itself, OpenRouter, Ollama, vLLM, llama.cpp, LM Studio, Groq,
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
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/gepa-go/gepa/lm"
)

// Config says which model to speak to, and where.
type Config struct {
	// Model is the model's full name, provider first, for instance
	// "openai/gpt-4.1-mini", "openrouter/google/gemini-2.5-flash-lite",
	// "ollama/llama3.2" or "openai-compatible/my-model". Required.
	Model string
	// BaseURL is where the API lives, for instance "http://localhost:8000/v1".
	// "" means the provider's own; "openai-compatible" has none.
	BaseURL string
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

// Client is an [lm.Model] behind an OpenAI-style endpoint. It tries every
// request once and sets no time limit: that is for [lm.Retry] and
// [lm.Timeout]. It is safe for concurrent use.
type Client struct {
	name     string
	model    string
	provider Provider
	baseURL  string
	key      string
	http     *http.Client
	maxReply int64
}

const defaultMaxReplyBytes = 16 << 20

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
	getenv := c.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	base := c.BaseURL
	if base == "" {
		base = firstSet(getenv, provider.BaseURLVars)
	}
	if base == "" {
		base = provider.BaseURL
	}
	baseURL, err := checkBaseURL(base)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", c.Model, err)
	}
	key, err := findKey(c, provider, getenv)
	if err != nil {
		return nil, err
	}
	client := &Client{
		name: c.Model, model: model, provider: provider, baseURL: baseURL, key: key,
		http: ownClient(c.HTTPClient), maxReply: c.MaxReplyBytes,
	}
	if client.maxReply <= 0 {
		client.maxReply = defaultMaxReplyBytes
	}
	return client, nil
}

func findKey(c Config, provider Provider, getenv func(string) string) (string, error) {
	vars, optional := provider.KeyVars, provider.KeyOptional
	if c.KeyVar != "" {
		vars, optional = []string{c.KeyVar}, false
	}
	key := firstSet(getenv, vars)
	if key == "" && !optional {
		return "", &lm.Error{Kind: lm.KindAuth, Model: c.Model, Words: missingKey(c.Model, vars)}
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		return "", &lm.Error{
			Kind: lm.KindAuth, Model: c.Model,
			Words: fmt.Sprintf("the key in the environment (%s) holds spaces or characters that no key has; copy it again", strings.Join(vars, ", ")),
		}
	}
	return key, nil
}

// checkBaseURL returns the URL without a final slash or "/chat/completions",
// which users paste along.
func checkBaseURL(base string) (string, error) {
	if base == "" {
		return "", errors.New("no base URL: give the one under which /chat/completions is found, for instance http://localhost:8000/v1")
	}
	u, err := url.Parse(base)
	if err != nil {
		// The error of url.Parse repeats the URL, which may hold a password.
		return "", errors.New("the base URL is not a URL; it should look like http://localhost:8000/v1")
	}
	switch {
	case u.User != nil || u.RawQuery != "":
		return "", errors.New("the base URL holds a user, password or query; keys belong in the environment")
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return "", fmt.Errorf("base URL %q does not start with http:// or https:// and a host", base)
	}
	u.Fragment = ""
	return strings.TrimSuffix(strings.TrimRight(u.String(), "/"), "/chat/completions"), nil
}

// ownClient returns a client that follows no redirect: a redirected POST would
// become a GET, or carry the prompt to another host.
func ownClient(given *http.Client) *http.Client {
	own := http.Client{}
	if given != nil {
		own = *given
	}
	if own.Transport == nil {
		if t, ok := http.DefaultTransport.(*http.Transport); ok {
			t = t.Clone()
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
			own.Transport = t
		}
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Name returns the model's full name.
func (c *Client) Name() string { return c.name }

// BaseURL returns where requests go.
func (c *Client) BaseURL() string { return c.baseURL }

// Close closes the connections that are idle. The client can still be used.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Complete sends one request and waits for the reply; see [lm.Model].
func (c *Client) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	start := time.Now()
	if len(req.Messages) == 0 {
		return lm.Reply{}, c.failure(lm.KindBadRequest, "the request has no messages")
	}
	w := &wire{client: c, patch: c.patch(req)}
	config := goopenai.DefaultConfig(c.key)
	config.BaseURL = c.baseURL
	config.HTTPClient = w
	if _, err := goopenai.NewClientWithConfig(config).CreateChatCompletion(ctx, c.request(req)); err != nil {
		return lm.Reply{}, c.unsent(ctx, w, err)
	}
	reply, err := c.decode(w)
	if err != nil {
		return lm.Reply{}, err
	}
	reply.Latency = time.Since(start)
	return reply, nil
}

// reasoningModel matches OpenAI's models that take max_completion_tokens in
// place of max_tokens: o1, o3-mini, gpt-5 and later.
var reasoningModel = regexp.MustCompile(`^(o[0-9]|gpt-([5-9]|[1-9][0-9])([^0-9]|$))`)

// request is the part of the request that go-openai can express.
func (c *Client) request(req lm.Request) goopenai.ChatCompletionRequest {
	out := goopenai.ChatCompletionRequest{Stop: req.Params.Stop, ReasoningEffort: req.Params.ReasoningEffort}
	if c.provider.Name == "openai" && reasoningModel.MatchString(c.model) {
		out.MaxCompletionTokens = req.Params.MaxTokens
	} else {
		out.MaxTokens = req.Params.MaxTokens //nolint:staticcheck // deprecated by OpenAI; most others know no other name
	}
	if req.Params.Seed != nil {
		seed := int(*req.Params.Seed)
		out.Seed = &seed
	}
	if req.JSON {
		out.ResponseFormat = &goopenai.ChatCompletionResponseFormat{Type: goopenai.ChatCompletionResponseFormatTypeJSONObject}
	}
	return out
}

func (c *Client) failure(kind lm.Kind, words string) *lm.Error {
	return &lm.Error{Kind: kind, Model: c.name, Words: words, Attempts: 1}
}
