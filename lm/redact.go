package lm

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// minSecret is the length from which a secret is taken out wherever it occurs;
// a shorter one, such as a local server's "x", would take ordinary words along.
const minSecret = 6

// secretPatterns find what looks like a key whoever's it is. Providers echo
// keys, whole or masked with asterisks, so those count as key characters. A
// pattern can only match a text that, in lower case, contains one of its
// hints: most texts have none, and looking for those is quick.
//
//nolint:gochecknoglobals // never changes
var secretPatterns = []struct {
	pattern *regexp.Regexp
	with    string
	hints   []string
}{
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w\-.~+/*=]{6,}`), "$1 " + redacted, []string{"bearer", "basic"}},
	{regexp.MustCompile(`\b(?:sk|pk|rk)-[\w\-*.…]{6,}`), redacted, []string{"sk-", "pk-", "rk-"}},
	{
		regexp.MustCompile(`\b(?:gsk|hf|tgp|fw|ghp|csk|xai|nvapi|pplx|r8)[_-][\w\-*]{12,}`), redacted,
		[]string{"sk_", "sk-", "hf_", "hf-", "tgp_", "tgp-", "fw_", "fw-", "ghp_", "ghp-", "xai_", "xai-", "nvapi_", "nvapi-", "pplx_", "pplx-", "r8_", "r8-"},
	},
	{regexp.MustCompile(`\bAIza[\w\-*]{16,}`), redacted, []string{"aiza"}},
	{regexp.MustCompile(`(?i)([?&](?:api[_-]?key|key|token|access_token)=)[^&\s"'<>]+`), "${1}" + redacted, []string{"key=", "token="}},
	{regexp.MustCompile(`(?i)("?\b(?:x-)?api[_-]?key"?\s*[:=]\s*"?)[\w\-.*]{12,}`), "${1}" + redacted, []string{"apikey", "api_key", "api-key"}},
	{regexp.MustCompile(`(://)[^/\s:@"]+:[^/\s@"]+@`), "${1}" + redacted + "@", []string{"://"}},
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
	// (?i) takes the long s for an s, which ToLower does not.
	lower := strings.ReplaceAll(strings.ToLower(text), "\u017f", "s")
	for _, p := range secretPatterns {
		if slices.ContainsFunc(p.hints, func(hint string) bool { return strings.Contains(lower, hint) }) {
			text = p.pattern.ReplaceAllString(text, p.with)
		}
	}
	return text
}
