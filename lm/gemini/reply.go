package gemini

import (
	"encoding/json"
	"strings"

	"google.golang.org/genai"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/internal/wire"
)

// response is what is read of a response. Its counts and its parts are not the
// library's types, which refuse a count of 12.0 and a part they do not know.
type response struct {
	ModelVersion   string `json:"modelVersion"`
	PromptFeedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Candidates []struct {
		FinishReason genai.FinishReason `json:"finishReason"`
		Content      struct {
			Parts []struct {
				Text         string          `json:"text"`
				Thought      bool            `json:"thought"`
				FunctionCall json.RawMessage `json:"functionCall"`
			} `json:"parts"`
		} `json:"content"`
	} `json:"candidates"`
	UsageMetadata *struct {
		Prompt        float64 `json:"promptTokenCount"`
		ToolUsePrompt float64 `json:"toolUsePromptTokenCount"`
		Cached        float64 `json:"cachedContentTokenCount"`
		Candidates    float64 `json:"candidatesTokenCount"`
		Thoughts      float64 `json:"thoughtsTokenCount"`
	} `json:"usageMetadata"`
	Error json.RawMessage `json:"error"`
}

func (c *Client) decode(call *wire.Call) (lm.Reply, error) {
	if reply, err, done := c.endpoint.Check(call); done {
		return reply, err
	}
	var r response
	if err := json.Unmarshal(call.Body, &r); err != nil {
		return lm.Reply{}, c.endpoint.Malformed(call, "the response is not the JSON of generated content: "+err.Error())
	}
	if wire.Given(r.Error) {
		return c.endpoint.Refused(call, 0, call.Body)
	}
	reply := lm.Reply{Usage: c.usage(r), Model: r.ModelVersion}
	if len(r.Candidates) == 0 {
		if r.PromptFeedback.BlockReason == "" {
			return lm.Reply{}, c.endpoint.MalformedButMeasured(call, "the response has no candidates", reply.Usage)
		}
		reply.Finish = lm.FinishFiltered
		return reply, nil
	}
	candidate := r.Candidates[0]
	var text, thoughts strings.Builder
	tool := false
	for _, part := range candidate.Content.Parts {
		tool = tool || wire.Given(part.FunctionCall)
		if part.Thought {
			thoughts.WriteString(part.Text)
			continue
		}
		text.WriteString(part.Text)
	}
	reply.Text, reply.Reasoning = text.String(), thoughts.String()
	reply.Finish = finish(candidate.FinishReason)
	if tool && reply.Text == "" && reply.Finish == lm.FinishStop {
		reply.Finish = lm.FinishTools
	}
	return wire.Finished(reply), nil
}

func finish(reason genai.FinishReason) lm.Finish {
	switch reason {
	case genai.FinishReasonMaxTokens:
		return lm.FinishLength
	case genai.FinishReasonSafety, genai.FinishReasonRecitation, genai.FinishReasonLanguage, genai.FinishReasonBlocklist,
		genai.FinishReasonProhibitedContent, genai.FinishReasonSPII, genai.FinishReasonOther:
		return lm.FinishFiltered
	case genai.FinishReasonMalformedFunctionCall, genai.FinishReasonUnexpectedToolCall, genai.FinishReasonTooManyToolCalls:
		return lm.FinishTools
	default: // "STOP", none, those of images and sound, and what may come
		return lm.FinishStop
	}
}

func (c *Client) usage(r response) lm.Usage {
	m := r.UsageMetadata
	if m == nil {
		return c.endpoint.Unmeasured()
	}
	return lm.Usage{
		Calls:           1,
		InputTokens:     wire.Tokens(m.Prompt + m.ToolUsePrompt),
		OutputTokens:    wire.Tokens(m.Candidates + m.Thoughts),
		CacheReadTokens: wire.Tokens(m.Cached),
		ReasoningTokens: wire.Tokens(m.Thoughts),
		Cost:            gepa.Cost{Unknown: 1},
	}
}
