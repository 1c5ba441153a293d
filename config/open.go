package config

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/anthropic"
	"github.com/gepa-go/gepa/lm/openai"
)

// A Client is a provider's model without anything around it.
type Client interface {
	lm.Capable
	io.Closer
	// BaseURL returns where requests go.
	BaseURL() string
}

// A Provider is what is to know of a provider before it is asked.
type Provider struct {
	// Name is the first part of its models' names.
	Name string
	// KeyVars are the environment variables that may hold the key, in the
	// order of preference.
	KeyVars []string
	// KeyOptional is set where endpoints without a key are usual.
	KeyOptional bool
	// BaseURL is the endpoint unless a flag or the environment says otherwise;
	// "" if it has to be given.
	BaseURL string
}

// geminiPrefix is gemini.Prefix; that package is linked in full builds only.
const geminiPrefix = "gemini"

// Providers returns all providers by name, in ascending order.
func Providers() []Provider {
	list := []Provider{
		{Name: anthropic.Prefix, KeyVars: anthropic.KeyVars(), BaseURL: anthropic.DefaultBaseURL},
		{Name: geminiPrefix, KeyVars: []string{"GEMINI_API_KEY", "GOOGLE_API_KEY"}, BaseURL: "https://generativelanguage.googleapis.com"},
	}
	for _, p := range openai.Providers() {
		list = append(list, Provider{Name: p.Name, KeyVars: p.KeyVars, KeyOptional: p.KeyOptional, BaseURL: p.BaseURL})
	}
	slices.SortFunc(list, func(a, b Provider) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Secrets returns the keys that the environment holds, for [lm.Redact].
func Secrets(getenv func(string) string) []string {
	var secrets []string
	for _, p := range Providers() {
		for _, name := range p.KeyVars {
			if key := strings.TrimSpace(getenv(name)); key != "" && !slices.Contains(secrets, key) {
				secrets = append(secrets, key)
			}
		}
	}
	return secrets
}

// OpenClient returns the client of a model, named provider/model. The key is
// read from the environment, through getenv; baseURL "" means the provider's
// own endpoint. The flag is named in errors, which match ErrUsage. Close the
// client.
func OpenClient(flag, name, baseURL string, getenv func(string) string) (Client, error) {
	provider, rest := lm.ParseName(name)
	known := slices.ContainsFunc(Providers(), func(p Provider) bool { return p.Name == provider })
	if !known || rest == "" {
		return nil, unknownModel(flag, name)
	}
	var client Client
	var err error
	switch provider {
	case anthropic.Prefix:
		client, err = anthropic.New(anthropic.Config{Model: name, BaseURL: baseURL, Getenv: getenv})
	case geminiPrefix:
		client, err = openGemini(name, baseURL, getenv)
	default:
		client, err = openai.New(openai.Config{Model: name, BaseURL: baseURL, Getenv: getenv})
	}
	if err != nil {
		return nil, unusable(flag, name, err)
	}
	return client, nil
}

// unusable says why a model cannot be used, without the words that are for
// failures of a provider.
func unusable(flag, name string, err error) error {
	if known, ok := errors.AsType[*lm.Error](err); ok {
		return usagef("--%s %s: %s", flag, name, known.Words)
	}
	bad, ok := errors.AsType[*lm.BaseURLError](err)
	switch {
	case !ok:
		return usagef("--%s: %w", flag, err)
	case bad.Missing:
		return usagef("--%s %s: %w; add --base-url URL", flag, name, bad.Err)
	case bad.From != "":
		return usagef("%s, which --%s %s needs: %w", bad.From, flag, name, bad.Err)
	default:
		return usagef("--base-url: %w", bad.Err)
	}
}

// unknownModel says what is wrong with a model's name, and what it may have
// been meant to be.
func unknownModel(flag, name string) error {
	var providers []string
	for _, p := range Providers() {
		providers = append(providers, p.Name)
	}
	provider, model := lm.ParseName(name)
	if provider == "" {
		return usagef("--%s %s: want provider/model, for instance openai/gpt-4.1-mini, or sim, the offline stand-in%s", flag, name, prefixHint(name))
	}
	hint := ""
	if near := Nearest(provider, providers); near != "" && near != provider {
		hint = ` (did you mean "` + near + "/" + orDefault(model, "MODEL") + `"?)`
	}
	if model == "" {
		return usagef("--%s %s: the model's name is missing after %q%s", flag, name, provider+"/", hint)
	}
	return usagef("--%s %s: unknown provider %q%s; known are %s; any other OpenAI-style endpoint is openai-compatible/%s with --base-url",
		flag, name, provider, hint, strings.Join(providers, ", "), model)
}

// prefixHint names the provider of a model that is known by its name.
func prefixHint(name string) string {
	if Nearest(name, []string{SimModel}) != "" {
		return DidYouMean(name, []string{SimModel})
	}
	for _, known := range []struct{ start, provider string }{
		{"gpt-", "openai"}, {"claude-", anthropic.Prefix}, {"gemini-", geminiPrefix},
	} {
		if strings.HasPrefix(name, known.start) {
			return ` (did you mean "` + known.provider + "/" + name + `"?)`
		}
	}
	if len(name) > 1 && name[0] == 'o' && '0' <= name[1] && name[1] <= '9' {
		return ` (did you mean "openai/` + name + `"?)`
	}
	return ""
}
