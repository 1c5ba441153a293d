package openai

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// response is what is read of a response. Fields that servers are known to
// fill with surprising types are left out or raw.
type response struct {
	Model   string `json:"model"`
	Choices []struct {
		FinishReason string          `json:"finish_reason"`
		Error        json.RawMessage `json:"error"`
		Message      *struct {
			Content          json.RawMessage `json:"content"`
			Refusal          string          `json:"refusal"`
			Reasoning        string          `json:"reasoning"`
			ReasoningContent string          `json:"reasoning_content"`
		} `json:"message"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     float64  `json:"prompt_tokens"`
		CompletionTokens float64  `json:"completion_tokens"`
		Cost             *float64 `json:"cost"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// decode turns a complete response into a reply or a typed error.
func (c *Client) decode(w *wire) (lm.Reply, error) {
	if w.status < 200 || w.status > 299 {
		return c.refused(w, w.status, w.body)
	}
	if looksLikeHTML(w) {
		return lm.Reply{}, c.htmlError(w)
	}
	var r response
	if err := json.Unmarshal(w.body, &r); err != nil {
		return lm.Reply{}, c.malformed(w, "the response is not the JSON of a chat completion: "+err.Error())
	}
	if given(r.Error) {
		return c.refused(w, 0, w.body)
	}
	if len(r.Choices) == 0 {
		return lm.Reply{}, c.measure(c.malformed(w, "the response has no choices"), r)
	}
	choice := r.Choices[0]
	if given(choice.Error) {
		return c.refused(w, 0, []byte(`{"error":`+string(choice.Error)+`}`))
	}
	if choice.Message == nil {
		return lm.Reply{}, c.measure(c.malformed(w, "the response's choice has no message"), r)
	}
	reply := lm.Reply{
		Reasoning: choice.Message.ReasoningContent,
		Finish:    finish(choice.FinishReason),
		Usage:     c.usage(r),
		Model:     r.Model,
	}
	if reply.Reasoning == "" {
		reply.Reasoning = choice.Message.Reasoning
	}
	text, thinking, ok := contentText(choice.Message.Content)
	if !ok {
		return lm.Reply{}, c.measure(c.malformed(w, "the message's content is neither text nor a list of parts"), r)
	}
	reply.Text = text
	if reply.Reasoning == "" {
		reply.Reasoning = thinking
	}
	if text == "" && choice.Message.Refusal != "" {
		reply.Text, reply.Finish = choice.Message.Refusal, lm.FinishFiltered
	}
	return reply, nil
}

func given(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null"
}

// contentText reads a message's content: text, nothing, or a list of parts
// with text and thinking among them.
func contentText(raw json.RawMessage) (text, thinking string, ok bool) {
	if !given(raw) {
		return "", "", true
	}
	if json.Unmarshal(raw, &text) == nil {
		return text, "", true
	}
	var parts []struct {
		Type     string          `json:"type"`
		Text     string          `json:"text"`
		Thinking json.RawMessage `json:"thinking"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return "", "", false
	}
	var texts, thoughts strings.Builder
	for _, p := range parts {
		texts.WriteString(p.Text)
		if inner, _, ok := contentText(p.Thinking); ok {
			thoughts.WriteString(inner)
		}
	}
	return texts.String(), thoughts.String(), true
}

func finish(reason string) lm.Finish {
	switch strings.ToLower(reason) {
	case "length", "max_tokens", "model_length":
		return lm.FinishLength
	case "content_filter", "safety":
		return lm.FinishFiltered
	case "tool_calls", "tool_call", "function_call":
		return lm.FinishTools
	default: // "stop", and the many names that servers have for it
		return lm.FinishStop
	}
}

// usage reads what a response reports. Absent counts and costs are unknown,
// never zero.
func (c *Client) usage(r response) lm.Usage {
	if r.Usage == nil {
		return c.unmeasured()
	}
	u := lm.Usage{
		Calls:        1,
		InputTokens:  tokens(r.Usage.PromptTokens),
		OutputTokens: tokens(r.Usage.CompletionTokens),
	}
	switch cost := r.Usage.Cost; {
	case cost != nil && *cost >= 0 && *cost < 1e9:
		u.Cost = gepa.Cost{Nanos: int64(math.Round(*cost * 1e9))}
	case !c.provider.Local:
		u.Cost = gepa.Cost{Unknown: 1}
	}
	return u
}

// tokens reads a count that some servers write as 12.0, cut to what can be one.
func tokens(n float64) int64 { return int64(min(max(n, 0), 1e12)) }

func (c *Client) malformed(w *wire, words string) *lm.Error {
	e := c.failure(lm.KindMalformed, lm.Redact(words, c.key))
	e.Status, e.Usage = w.status, c.unmeasured()
	return e
}

// measure gives an error the usage that its response reported.
func (c *Client) measure(e *lm.Error, r response) *lm.Error {
	e.Usage = c.usage(r)
	return e
}

func looksLikeHTML(w *wire) bool {
	return strings.HasPrefix(w.header.Get("Content-Type"), "text/html") ||
		bytes.HasPrefix(bytes.TrimSpace(w.body), []byte("<"))
}

func (c *Client) htmlError(w *wire) *lm.Error {
	e := c.failure(lm.KindNotFound, c.baseURL+" answered with a web page instead of JSON")
	e.Hint = "the base URL is probably wrong; it usually ends in /v1"
	e.Status, e.Usage = w.status, lm.Usage{Calls: 1}
	return e
}
