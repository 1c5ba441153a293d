package wire

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gepa-go/gepa/lm"
)

// maxWords bounds how much of a provider's error is repeated, in bytes.
const maxWords = 600

// tooLong matches the ways in which providers say that a prompt is too long.
var tooLong = regexp.MustCompile(`(?i)context[ _]length|context window|maximum context|prompt is too long|too many (input )?tokens|exceeds? the (model's )?(maximum|context)`)

// Refused turns an error response into a typed error, or into a reply without
// text where a filter withheld it. Status 0 means that the error came inside a
// success, with its status in the body.
func (e *Endpoint) Refused(call *Call, status int, body []byte) (lm.Reply, error) {
	p := parseProblem(body)
	if status == 0 {
		status = p.status
	}
	usage := lm.Usage{Calls: 1} // providers do not charge for a refusal
	if p.filtered {
		return lm.Reply{Finish: lm.FinishFiltered, Usage: usage, Model: e.Model}, nil
	}
	if status >= 200 && looksLikeHTML(call) && (status < 300 || status == http.StatusNotFound) {
		return lm.Reply{}, e.htmlError(call)
	}
	words := p.message
	if words == "" {
		words = strings.TrimSpace(string(body))
	}
	if location := call.Header.Get("Location"); status >= 300 && status < 400 && location != "" {
		words = "redirected to " + location
	}
	out := e.Failure(kindOf(status, p), shorten(e.Redact(start(words, maxBody))))
	out.Status, out.Usage = status, usage
	if out.RetryAfter = retryAfter(call.Header, time.Now()); out.RetryAfter == 0 {
		out.RetryAfter = p.wait
	}
	if should, err := strconv.ParseBool(call.Header.Get("X-Should-Retry")); err == nil {
		out.ShouldRetry = &should
	}
	if out.Kind == lm.KindBadRequest {
		if param := p.unsupported(); param != "" {
			out.Err = &unsupportedError{param}
		}
	}
	out.Hint = e.hint(out.Kind, status)
	return lm.Reply{}, out
}

func kindOf(status int, p problem) lm.Kind {
	switch {
	case p.quota || status == http.StatusPaymentRequired:
		return lm.KindQuota
	case p.tooLong && status != http.StatusTooManyRequests, status == http.StatusRequestEntityTooLarge:
		return lm.KindTooLong
	case p.badKey, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return lm.KindAuth
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status >= 300 && status < 400:
		return lm.KindNotFound
	case status == http.StatusRequestTimeout:
		return lm.KindTimeout
	case status == http.StatusTooManyRequests, status == http.StatusTooEarly:
		return lm.KindRateLimited
	case status == http.StatusConflict, status >= 500, status == 0:
		return lm.KindOverloaded
	default:
		return lm.KindBadRequest
	}
}

func (e *Endpoint) hint(kind lm.Kind, status int) string {
	switch {
	case kind == lm.KindAuth && e.key == "":
		return "no key was sent; set the environment variable " + e.keyVars[0]
	case kind == lm.KindAuth:
		return "check the key in " + strings.Join(e.keyVars, " or ") + ", and what it may use"
	case status >= 300 && status < 400:
		return "use the address it redirects to as the base URL"
	case kind == lm.KindNotFound && strings.HasPrefix(e.Preset.Name, "ollama"):
		return "is the model pulled? try: ollama pull " + e.Model
	case kind == lm.KindNotFound:
		return "check the model's name and the base URL " + e.BaseURL
	}
	return ""
}

// A problem is what an error body says, in whichever of its dialects.
type problem struct {
	message  string
	param    string
	status   int
	wait     time.Duration
	quota    bool
	badKey   bool
	tooLong  bool
	filtered bool
}

// An errorObject is an error in the form of OpenAI and its likes, of Anthropic,
// or of Google.
type errorObject struct {
	Error    json.RawMessage `json:"error"`
	Message  json.RawMessage `json:"message"`
	Detail   json.RawMessage `json:"detail"`
	Code     json.RawMessage `json:"code"`
	Type     json.RawMessage `json:"type"`
	Param    json.RawMessage `json:"param"`
	Details  json.RawMessage `json:"details"` // Google's
	Metadata struct {        // OpenRouter's
		Raw     json.RawMessage `json:"raw"`
		Reasons json.RawMessage `json:"reasons"`
	} `json:"metadata"`
}

// parseProblem reads {"error": {"message", "code", "type"}}, {"error": "text"},
// {"message": …} and {"detail": …}, alone or first in a list.
func parseProblem(body []byte) problem {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	var outer, o errorObject
	if json.Unmarshal(body, &outer) != nil {
		return problem{tooLong: tooLong.Match(body)}
	}
	o = outer
	if Given(outer.Error) {
		o = errorObject{}
		if json.Unmarshal(outer.Error, &o) != nil {
			o.Message = outer.Error
		}
	}
	p := problem{message: text(o.Message), param: text(o.Param)}
	if p.message == "" {
		p.message = text(o.Detail)
	}
	if raw := text(o.Metadata.Raw); raw != "" {
		// The words of the provider behind OpenRouter.
		p.message += ": " + raw
	}
	code := text(o.Code)
	if n, err := strconv.Atoi(code); err == nil && n >= 300 && n < 600 {
		p.status = n
	}
	names := code + " " + text(o.Type)
	p.quota = strings.Contains(names, "insufficient_quota") || strings.Contains(names, "billing") ||
		strings.Contains(p.message, "credit balance is too low")
	p.tooLong = strings.Contains(names, "context_length_exceeded") || tooLong.MatchString(p.message)
	p.filtered = strings.Contains(names, "content_filter") || strings.Contains(names, "content_policy") || Given(o.Metadata.Reasons)
	p.readDetails(o.Details)
	return p
}

// readDetails reads what Google says beside a message: how long to wait, that
// a day's quota is used up, that a key is wrong (in an error of status 400).
func (p *problem) readDetails(raw json.RawMessage) {
	var details []struct {
		Reason     string `json:"reason"`
		RetryDelay string `json:"retryDelay"`
		Violations []struct {
			QuotaID string `json:"quotaId"`
		} `json:"violations"`
	}
	if !Given(raw) || json.Unmarshal(raw, &details) != nil {
		return
	}
	for _, d := range details {
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil {
			p.wait = min(max(wait, 0), maxRetryAfter)
		}
		p.badKey = p.badKey || strings.HasPrefix(d.Reason, "API_KEY_")
		for _, v := range d.Violations {
			p.quota = p.quota || strings.Contains(v.QuotaID, "PerDay")
		}
	}
}

// Given reports whether a JSON value is there and not null.
func Given(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null"
}

// text returns a JSON string's content, or any other value as it stands.
func text(raw json.RawMessage) string {
	if !Given(raw) {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxWords {
		return s
	}
	cut := maxWords
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// maxRetryAfter bounds what is believed of a header.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads retry-after-ms (milliseconds) and Retry-After (seconds, or
// a date). What it cannot read, and dates in the past, count as none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	var wait float64 // in nanoseconds
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		wait = ms * float64(time.Millisecond)
	} else if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil {
		wait = s * float64(time.Second)
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = float64(at.Sub(now))
	}
	switch {
	case wait > float64(maxRetryAfter):
		return maxRetryAfter
	case wait > 0:
		return time.Duration(wait)
	default: // negative or not a number
		return 0
	}
}
