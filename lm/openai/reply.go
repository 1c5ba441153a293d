package openai

import (
	"cmp"
	"encoding/json"
	"math"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/internal/wire"
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
			ToolCalls        []toolCall      `json:"tool_calls"`
		} `json:"message"`
	} `json:"choices"`
	Usage *usage          `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type toolCall struct {
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// usage is what endpoints report of a call; each reports other parts of it.
type usage struct {
	PromptTokens     float64 `json:"prompt_tokens"`
	CompletionTokens float64 `json:"completion_tokens"`
	TotalTokens      float64 `json:"total_tokens"`
	PromptDetails    struct {
		CachedTokens     float64 `json:"cached_tokens"`
		CacheWriteTokens float64 `json:"cache_write_tokens"` // OpenRouter's
	} `json:"prompt_tokens_details"`
	PromptCacheHitTokens float64 `json:"prompt_cache_hit_tokens"` // DeepSeek's
	CompletionDetails    struct {
		ReasoningTokens float64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
	// OpenRouter's, in dollars.
	Cost        *float64 `json:"cost"`
	IsBYOK      bool     `json:"is_byok"`
	CostDetails struct {
		Upstream *float64 `json:"upstream_inference_cost"`
	} `json:"cost_details"`
}

// decode turns a complete response into a reply or a typed error.
func (c *Client) decode(call *wire.Call, req lm.Request) (lm.Reply, error) {
	if reply, err, done := c.endpoint.Check(call); done {
		return reply, err
	}
	var r response
	if err := json.Unmarshal(call.Body, &r); err != nil {
		return lm.Reply{}, c.endpoint.Malformed(call, "the response is not the JSON of a chat completion: "+err.Error())
	}
	if wire.Given(r.Error) {
		return c.endpoint.Refused(call, 0, call.Body)
	}
	usage := c.usage(r)
	if len(r.Choices) == 0 {
		return lm.Reply{}, c.endpoint.MalformedButMeasured(call, "the response has no choices", usage)
	}
	choice := r.Choices[0]
	if wire.Given(choice.Error) {
		return c.endpoint.Refused(call, 0, []byte(`{"error":`+string(choice.Error)+`}`))
	}
	if choice.Message == nil {
		return lm.Reply{}, c.endpoint.MalformedButMeasured(call, "the response's choice has no message", usage)
	}
	text, thinking, ok := contentText(choice.Message.Content)
	if !ok {
		return lm.Reply{}, c.endpoint.MalformedButMeasured(call, "the message's content is neither text nor a list of parts", usage)
	}
	reply := lm.Reply{
		Text:      text,
		Reasoning: cmp.Or(choice.Message.ReasoningContent, choice.Message.Reasoning, thinking),
		Finish:    finish(choice.FinishReason),
		Usage:     usage,
		Model:     r.Model,
	}
	switch {
	case text == "" && choice.Message.Refusal != "":
		reply.Text, reply.Finish = choice.Message.Refusal, lm.FinishFiltered
	case text == "" && len(choice.Message.ToolCalls) > 0:
		reply = c.toolReply(reply, choice.Message.ToolCalls[0], req)
	}
	return wire.Finished(reply), nil
}

// toolReply makes a reply of a tool call: an answer if it is the tool that
// stood in for a schema, none otherwise.
func (c *Client) toolReply(reply lm.Reply, called toolCall, req lm.Request) lm.Reply {
	if req.Schema == nil || called.Function.Name != cmp.Or(req.Schema.Name, wire.SchemaName) {
		if reply.Finish == lm.FinishStop {
			reply.Finish = lm.FinishTools
		}
		return reply
	}
	reply.Text = called.Function.Arguments
	if reply.Finish == lm.FinishTools {
		reply.Finish = lm.FinishStop
	}
	return reply
}

// contentText reads a message's content: text, nothing, or a list of parts
// with text and thinking among them.
func contentText(raw json.RawMessage) (text, thinking string, ok bool) {
	if !wire.Given(raw) {
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
		return c.endpoint.Unmeasured()
	}
	output, reasoning := r.Usage.CompletionTokens, r.Usage.CompletionDetails.ReasoningTokens
	if reasoning > 0 && r.Usage.PromptTokens+output+reasoning == r.Usage.TotalTokens {
		output += reasoning // xAI counts them apart
	}
	u := lm.Usage{
		Calls:            1,
		InputTokens:      wire.Tokens(r.Usage.PromptTokens),
		OutputTokens:     wire.Tokens(output),
		CacheReadTokens:  wire.Tokens(max(r.Usage.PromptDetails.CachedTokens, r.Usage.PromptCacheHitTokens)),
		CacheWriteTokens: wire.Tokens(r.Usage.PromptDetails.CacheWriteTokens),
		ReasoningTokens:  wire.Tokens(reasoning),
	}
	cost := r.Usage.Cost
	if up := r.Usage.CostDetails.Upstream; cost != nil && r.Usage.IsBYOK && up != nil {
		// With the user's own key OpenRouter's cost is only its fee.
		sum := *cost + *up
		cost = &sum
	}
	switch {
	case cost != nil && *cost >= 0 && *cost < 1e9:
		u.Cost = gepa.Cost{Nanos: int64(math.Round(*cost * 1e9))}
	case !c.provider.Local:
		u.Cost = gepa.Cost{Unknown: 1}
	}
	return u
}
