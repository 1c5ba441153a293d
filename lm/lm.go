// Package lm is the seam between this module and language models: the [Model]
// interface, what is sent through it and what comes back. Providers live in
// packages of their own below this one, so that a program links only the one
// it imports.
package lm

import (
	"context"
	"time"

	"github.com/gepa-go/gepa"
)

// A Model answers requests.
//
// Complete must be safe for concurrent use and must return soon after ctx
// ends. A reply that a model gave, however useless (cut off, filtered, empty),
// is a [Reply] with its Finish set, not an error. An error is always an
// [*Error] or the context's error; errors that trying again cannot cure are
// marked by [gepa.Fatal].
type Model interface {
	// Name returns the model's name as users write it, for instance
	// "openrouter/google/gemini-2.5-flash-lite".
	Name() string
	// Complete sends one request and waits for the reply.
	Complete(ctx context.Context, req Request) (Reply, error)
}

// Message is one message of a conversation.
type Message = gepa.Message

// Usage is what calls consumed.
type Usage = gepa.Usage

// A Request is one question to a model: everything that shapes its reply.
type Request struct {
	// Messages is the conversation; it is not empty.
	Messages []Message
	// Params are the generation parameters.
	Params Params
	// Repeat tells apart requests that are otherwise equal but must be
	// answered anew, for instance repeated rollouts; it counts from 0.
	Repeat int
	// JSON asks for a reply that is one JSON object, where the provider can
	// promise that.
	JSON bool
	// Schema, if not nil, asks for a reply that is one JSON value of that
	// form; JSON is not looked at then. A model that supports [FeatureSchema]
	// or [FeatureTool] sends it, another one leaves it out: it is no substitute
	// for saying in the messages what is wanted.
	Schema *Schema
}

// Params are generation parameters. A nil or zero field is left to the
// provider's default.
type Params struct {
	// Temperature is the sampling temperature.
	Temperature *float64 `json:"temperature,omitempty"`
	// TopP is the nucleus sampling mass.
	TopP *float64 `json:"top_p,omitempty"`
	// MaxTokens bounds the reply's length in tokens.
	MaxTokens int `json:"max_tokens,omitempty"`
	// Stop holds sequences at which the reply ends.
	Stop []string `json:"stop,omitempty"`
	// Seed asks the provider for repeatable sampling.
	Seed *int64 `json:"seed,omitempty"`
	// ReasoningEffort is the provider's name for how long to think.
	ReasoningEffort string `json:"reasoning_effort,omitempty"`
}

// Finish says why a reply ended.
type Finish string

// The ways a reply can end.
const (
	// FinishStop: the model was done.
	FinishStop Finish = "stop"
	// FinishLength: the reply was cut off by a token limit, or ended in the
	// middle of the model's thinking.
	FinishLength Finish = "length"
	// FinishFiltered: the provider withheld or cut the reply.
	FinishFiltered Finish = "filtered"
	// FinishTools: the model asked for a tool instead of answering.
	FinishTools Finish = "tools"
)

// A Reply is what a model answered.
type Reply struct {
	// Text is the answer, without the model's reasoning where the provider
	// tells them apart or the model marks it, see [SplitThinking]. It is empty
	// if the model asked for a tool, or never came to an answer.
	Text string
	// Reasoning is the model's thinking where the provider reports it.
	Reasoning string
	// Finish says why the reply ended.
	Finish Finish
	// Usage is what the call consumed. Usage.Calls is the number of requests
	// that reached the provider, failed attempts included.
	Usage Usage
	// Model is the name of the model that answered, as reported.
	Model string
	// Ignored names the parameters that were asked for but left out, because
	// the model does not take them: "temperature", "top_p", "seed".
	Ignored []string
	// Latency is the time from the first attempt to the reply.
	Latency time.Duration
}
