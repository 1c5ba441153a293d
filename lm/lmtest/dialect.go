package lmtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/gepa-go/gepa"
)

// body returns what a dialect sends for an answer.
func (a Answer) body(r Request) string {
	if a.Body != "" {
		return a.Body
	}
	if a.EchoKey {
		a.Text += r.Key
	}
	if a.Tool == "" && r.Tool != "" {
		a.Tool = r.Tool
	}
	var fields gepa.Fields
	switch {
	case a.Status != 0:
		fields = a.refusal(r.Dialect)
	case r.Dialect == Anthropic:
		fields = a.message(r)
	case r.Dialect == Gemini:
		fields = a.content(r)
	default:
		fields = a.completion(r)
	}
	text := encode(fields)
	if a.Shuffle {
		text = string(reversed(json.RawMessage(text)))
	}
	return text
}

// finish translates the reason for the end of a reply.
func (a Answer) finish(d Dialect) string {
	reason := a.Finish
	switch {
	case reason == "" && a.Tool != "":
		reason = "tool_calls"
	case reason == "":
		reason = "stop"
	}
	words := map[string][2]string{
		"stop": {"end_turn", "STOP"}, "length": {"max_tokens", "MAX_TOKENS"},
		"content_filter": {"refusal", "SAFETY"}, "tool_calls": {"tool_use", "STOP"},
	}[reason]
	switch {
	case d == Anthropic && words[0] != "":
		return words[0]
	case d == Gemini && words[1] != "":
		return words[1]
	}
	return reason
}

func (a Answer) completion(r Request) gepa.Fields {
	message := gepa.NewFields("role", "assistant", "content", a.Text)
	if a.Tool != "" {
		function := gepa.NewFields("name", a.Tool, "arguments", a.Text)
		message = gepa.NewFields("role", "assistant", "content", nil,
			"tool_calls", []gepa.Fields{gepa.NewFields("id", "call_0", "type", "function", "function", function)})
	}
	if a.Reasoning != "" {
		message = append(message, gepa.NewFields("reasoning_content", a.Reasoning)...)
	}
	choices := []gepa.Fields{gepa.NewFields("index", 0, "message", message, "finish_reason", a.finish(OpenAI))}
	if a.NoChoices {
		choices = []gepa.Fields{}
	}
	out := gepa.NewFields(
		"id", fmt.Sprintf("chatcmpl-%d", r.Number),
		"object", "chat.completion",
		"created", 0,
		"model", r.Model,
		"choices", choices,
	)
	if a.NoUsage {
		return out
	}
	usage := gepa.NewFields(
		"prompt_tokens", a.InputTokens, "completion_tokens", a.OutputTokens,
		"total_tokens", a.InputTokens+a.OutputTokens)
	if a.CacheReadTokens+a.CacheWriteTokens > 0 {
		usage = append(usage, gepa.NewFields("prompt_tokens_details",
			gepa.NewFields("cached_tokens", a.CacheReadTokens, "cache_write_tokens", a.CacheWriteTokens))...)
	}
	if a.ReasoningTokens > 0 {
		usage = append(usage, gepa.NewFields("completion_tokens_details", gepa.NewFields("reasoning_tokens", a.ReasoningTokens))...)
	}
	if a.Cost != nil {
		usage = append(usage, gepa.NewFields("cost", *a.Cost)...)
	}
	return append(out, gepa.NewFields("usage", usage)...)
}

func (a Answer) message(r Request) gepa.Fields {
	content := []gepa.Fields{}
	if a.Reasoning != "" {
		content = append(content, gepa.NewFields("type", "thinking", "thinking", a.Reasoning, "signature", "s"))
	}
	switch {
	case a.Tool != "":
		content = append(content, gepa.NewFields("type", "tool_use", "id", "toolu_0", "name", a.Tool, "input", arguments(a.Text)))
	case a.Text != "":
		content = append(content, gepa.NewFields("type", "text", "text", a.Text))
	}
	out := gepa.NewFields("id", fmt.Sprintf("msg_%d", r.Number), "type", "message", "role", "assistant", "model", r.Model,
		"content", content, "stop_reason", a.finish(Anthropic), "stop_sequence", nil)
	if a.NoChoices {
		out = out.Set("content", json.RawMessage("null"))
	}
	if a.NoUsage {
		return out
	}
	usage := gepa.NewFields(
		"input_tokens", a.InputTokens-a.CacheReadTokens-a.CacheWriteTokens,
		"cache_creation_input_tokens", a.CacheWriteTokens, "cache_read_input_tokens", a.CacheReadTokens,
		"output_tokens", a.OutputTokens,
		"output_tokens_details", gepa.NewFields("thinking_tokens", a.ReasoningTokens))
	return append(out, gepa.NewFields("usage", usage)...)
}

func (a Answer) content(r Request) gepa.Fields {
	parts := []gepa.Fields{}
	if a.Reasoning != "" {
		parts = append(parts, gepa.NewFields("text", a.Reasoning, "thought", true))
	}
	switch {
	case a.Tool != "":
		parts = append(parts, gepa.NewFields("functionCall", gepa.NewFields("name", a.Tool, "args", arguments(a.Text))))
	case a.Text != "":
		parts = append(parts, gepa.NewFields("text", a.Text))
	}
	candidate := gepa.NewFields("content", gepa.NewFields("parts", parts, "role", "model"), "finishReason", a.finish(Gemini), "index", 0)
	out := gepa.Fields{}
	if !a.NoChoices {
		out = gepa.NewFields("candidates", []gepa.Fields{candidate})
	}
	if !a.NoUsage {
		out = append(out, gepa.NewFields("usageMetadata", gepa.NewFields(
			"promptTokenCount", a.InputTokens, "cachedContentTokenCount", a.CacheReadTokens,
			"candidatesTokenCount", a.OutputTokens-a.ReasoningTokens, "thoughtsTokenCount", a.ReasoningTokens,
			"totalTokenCount", a.InputTokens+a.OutputTokens))...)
	}
	return append(out, gepa.NewFields("modelVersion", r.Model, "responseId", fmt.Sprint(r.Number))...)
}

func (a Answer) refusal(d Dialect) gepa.Fields {
	switch d {
	case Anthropic:
		name := map[int]string{
			http.StatusUnauthorized: "authentication_error", http.StatusTooManyRequests: "rate_limit_error", 529: "overloaded_error",
		}[a.Status]
		if name == "" {
			name = "api_error"
		}
		return gepa.NewFields("type", "error", "error", gepa.NewFields("type", name, "message", a.Text), "request_id", "req_0")
	case Gemini:
		name := map[int]string{
			http.StatusUnauthorized: "UNAUTHENTICATED", http.StatusTooManyRequests: "RESOURCE_EXHAUSTED", http.StatusServiceUnavailable: "UNAVAILABLE",
		}[a.Status]
		if name == "" {
			name = "INTERNAL"
		}
		return gepa.NewFields("error", gepa.NewFields("code", a.Status, "message", a.Text, "status", name))
	}
	return gepa.NewFields("error", gepa.NewFields("message", a.Text, "type", "error", "code", a.Status))
}

// arguments returns a tool call's arguments, which two dialects want as JSON.
func arguments(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return json.RawMessage("{}")
}

// reversed returns a JSON value with the fields of every object in the opposite
// order.
func reversed(raw json.RawMessage) json.RawMessage {
	raw = bytes.TrimSpace(raw)
	var fields gepa.Fields
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &fields) == nil {
		slices.Reverse(fields)
		for i := range fields {
			fields[i].Value = reversed(fields[i].Value)
		}
		return json.RawMessage(encode(fields))
	}
	var list []json.RawMessage
	if len(raw) > 0 && raw[0] == '[' && json.Unmarshal(raw, &list) == nil {
		for i := range list {
			list[i] = reversed(list[i])
		}
		if out, err := json.Marshal(list); err == nil {
			return out
		}
	}
	return raw
}

func encode(f gepa.Fields) string {
	b, err := f.MarshalJSON()
	if err != nil {
		panic("lmtest: encode: " + err.Error()) // built from literals above
	}
	return string(b)
}
