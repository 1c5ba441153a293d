package wire

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gepa-go/gepa/lm"
)

// What a schema is called where its user gave it no name, and how a tool that
// takes the place of one is described.
const (
	SchemaName      = "reply"
	ToolDescription = "Give the reply in this form."
)

// Check returns the reply or error of a response that is not a success with
// JSON; done is false if it is, and its body is to be decoded.
func (e *Endpoint) Check(call *Call) (reply lm.Reply, err error, done bool) {
	switch {
	case call.Status < 200 || call.Status > 299:
		reply, err = e.Refused(call, call.Status, call.Body)
		return reply, err, true
	case looksLikeHTML(call):
		return lm.Reply{}, e.htmlError(call), true
	case !json.Valid(call.Body):
		return lm.Reply{}, e.Malformed(call, "the response is not JSON, or cut off: "+shorten(start(e.Redact(start(string(call.Body), maxBody)), 80))), true
	}
	return lm.Reply{}, nil, false
}

// maxBody bounds how much of a body that is not understood is looked at for
// words to repeat; what is repeated is far shorter.
const maxBody = 1 << 16

func start(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Malformed returns the error for a response that is not a reply and reports
// no usage.
func (e *Endpoint) Malformed(call *Call, words string) *lm.Error {
	out := e.Failure(lm.KindMalformed, e.Redact(words))
	out.Status, out.Usage = call.Status, e.Unmeasured()
	return out
}

// MalformedButMeasured is [Endpoint.Malformed] for one that does report it.
func (e *Endpoint) MalformedButMeasured(call *Call, words string, usage lm.Usage) *lm.Error {
	out := e.Malformed(call, words)
	out.Usage = usage
	return out
}

// Tokens reads a count that some servers write as 12.0, cut to what can be one.
func Tokens(n float64) int64 { return int64(min(max(n, 0), 1e12)) }

// Finished returns a reply whose text is without the model's thinking.
func Finished(reply lm.Reply) lm.Reply {
	text, thinking, open := lm.SplitThinking(reply.Text)
	reply.Text = text
	if thinking != "" {
		reply.Reasoning = strings.TrimSpace(reply.Reasoning + "\n\n" + thinking)
	}
	if open && reply.Finish == lm.FinishStop {
		reply.Finish = lm.FinishLength
	}
	return reply
}

func looksLikeHTML(call *Call) bool {
	return strings.HasPrefix(call.Header.Get("Content-Type"), "text/html") ||
		bytes.HasPrefix(bytes.TrimSpace(call.Body), []byte("<"))
}

func (e *Endpoint) htmlError(call *Call) *lm.Error {
	out := e.Failure(lm.KindNotFound, e.BaseURL+" answered with a web page instead of JSON")
	out.Hint = "the base URL is probably wrong; it should look like " + e.Preset.Like
	out.Status, out.Usage = call.Status, lm.Usage{Calls: 1}
	return out
}
