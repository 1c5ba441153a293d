//go:build gepa_full

package config

import "github.com/gepa-go/gepa/lm/gemini"

// openGemini returns a client of Google's API.
func openGemini(name, baseURL string, getenv func(string) string) (Client, error) {
	return gemini.New(gemini.Config{Model: name, BaseURL: baseURL, Getenv: getenv})
}
