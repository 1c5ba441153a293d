//go:build !gepa_full

package config

import "errors"

// openGemini is left out of the lean build, whose cold compilation must be
// short: Google's library brings gRPC with it; see docs/adr/0001-dependencies.md.
func openGemini(string, string, func(string) string) (Client, error) {
	return nil, errors.New("this build has no client for Google's API: build with -tags gepa_full (make build does), or use openrouter/google/…")
}
