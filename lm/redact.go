package lm

import (
	"net/url"
	"regexp"
	"strings"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// minSecret is the length from which a secret is taken out wherever it occurs;
// a shorter one, such as a local server's "x", would take ordinary words along.
const minSecret = 6

// secretPatterns find what looks like a key whoever's it is. Providers echo
// keys, whole or masked with asterisks, so those count as key characters.
//
//nolint:gochecknoglobals // never changes
var secretPatterns = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w\-.~+/*=]{6,}`), "$1 " + redacted},
	{regexp.MustCompile(`\b(?:sk|pk|rk)-[\w\-*.…]{6,}`), redacted},
	{regexp.MustCompile(`\b(?:gsk|hf|tgp|fw|ghp|csk|xai|nvapi|pplx|r8)[_-][\w\-*]{12,}`), redacted},
	{regexp.MustCompile(`\bAIza[\w\-*]{16,}`), redacted},
	{regexp.MustCompile(`(?i)([?&](?:api[_-]?key|key|token|access_token)=)[^&\s"'<>]+`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)("?\b(?:x-)?api[_-]?key"?\s*[:=]\s*"?)[\w\-.*]{12,}`), "${1}" + redacted},
	{regexp.MustCompile(`(://)[^/\s:@"]+:[^/\s@"]+@`), "${1}" + redacted + "@"},
}

// Redact returns the text with the given secrets (of six characters or more)
// taken out, also where they are percent-encoded, and with everything that looks like a key or a bearer
// token. Whatever a provider says passes through it before it becomes part of
// an error or a log.
func Redact(text string, secrets ...string) string {
	for _, s := range secrets {
		if s = strings.TrimSpace(s); len(s) < minSecret {
			continue
		}
		text = strings.ReplaceAll(text, s, redacted)
		if escaped := url.QueryEscape(s); escaped != s {
			text = strings.ReplaceAll(text, escaped, redacted)
		}
	}
	for _, p := range secretPatterns {
		text = p.pattern.ReplaceAllString(text, p.with)
	}
	return text
}
