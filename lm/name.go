package lm

import "strings"

// ParseName splits a model's name, as users of DSPy and LiteLLM write it, at
// its first slash: "openrouter/google/gemini-2.5-flash-lite" is model
// "google/gemini-2.5-flash-lite" of provider "openrouter". A name without a
// slash has the provider "".
func ParseName(name string) (provider, model string) {
	provider, model, found := strings.Cut(strings.TrimSpace(name), "/")
	if !found {
		return "", provider
	}
	return provider, model
}
