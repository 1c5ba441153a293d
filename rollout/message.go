package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gepa-go/gepa"
)

// Protocol is the version of the messages that this package speaks.
const Protocol = 1

// The types of messages.
const (
	typeHello   = "hello"
	typeRollout = "rollout"
	typeReply   = "reply"
)

// A Hello is a worker's first message: what it is. A [Webhook] asks for it.
type Hello struct {
	// Type is "hello".
	Type string `json:"type"`
	// Protocol is the version of the messages; see [Protocol].
	Protocol int `json:"protocol"`
	// Name says in a word what is served, for logs.
	Name string `json:"name,omitempty"`
	// Components are the texts that can be optimized, with their starting
	// texts.
	Components []gepa.Component `json:"components,omitempty"`
	// Concurrency is how many requests one worker may be given at once; 0
	// means 1. A webhook leaves it out.
	Concurrency int `json:"concurrency,omitempty"`
	// Objectives are the measures that replies hold.
	Objectives []gepa.Objective `json:"objectives,omitempty"`
}

// maxConcurrency bounds what a worker may declare.
const maxConcurrency = 4096

func (h Hello) validate() error {
	switch {
	case h.Type != typeHello:
		return fmt.Errorf("the first message has type %q, want %q", h.Type, typeHello)
	case h.Protocol != Protocol:
		return fmt.Errorf("the hello speaks protocol %d, and this program %d", h.Protocol, Protocol)
	case h.Concurrency < 0 || h.Concurrency > maxConcurrency:
		return fmt.Errorf("the hello declares a concurrency of %d, want 1 to %d", h.Concurrency, maxConcurrency)
	}
	return nil
}

// components returns what a system optimizes: as declared by the caller, or
// else as the hello says. Where both name components they must be the same.
func (h Hello) components(declared []gepa.Component) ([]gepa.Component, error) {
	out := declared
	if len(out) == 0 {
		out = h.Components
	} else if len(h.Components) > 0 {
		want := gepa.Seed(declared).Names()
		if got := gepa.Seed(h.Components).Names(); !slices.Equal(got, want) {
			return nil, fmt.Errorf("the hello names components %q, and %q are declared", got, want)
		}
	}
	return out, checkComponents(out)
}

func checkComponents(components []gepa.Component) error {
	if len(components) == 0 {
		return errors.New("no component is named: there is nothing to optimize; name them in the hello or declare them")
	}
	seen := map[string]bool{}
	for i, c := range components {
		switch {
		case c.Name == "":
			return fmt.Errorf("component %d has no name", i)
		case seen[c.Name]:
			return fmt.Errorf("two components are named %q", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// texts returns the candidate that a job is run with: components that it leaves
// out keep their starting texts.
func texts(components []gepa.Component, c gepa.Candidate) (gepa.Candidate, error) {
	full := gepa.Seed(components)
	for _, name := range c.Names() {
		if _, ok := full[name]; !ok {
			return nil, gepa.Fatal(fmt.Errorf("the candidate has a text for %q, which is no component of the system", name))
		}
		full[name] = c[name]
	}
	return full, nil
}

// A Request asks a worker or a service for one rollout.
type Request struct {
	// Type is "rollout".
	Type string `json:"type"`
	// ID is to be repeated in the reply.
	ID string `json:"id"`
	// Candidate holds a text for every component.
	Candidate gepa.Candidate `json:"candidate"`
	// Example is the item to run on. Its labels are left out where a metric on
	// this side scores the output.
	Example gepa.Example `json:"example"`
	// Repeat counts from 0; see [gepa.Job].
	Repeat int `json:"repeat"`
	// TimeLimit is how long the reply may take, in seconds from now; 0 means
	// that there is no limit.
	TimeLimit float64 `json:"time_limit,omitempty"`
}

// A Reply answers a [Request]. It has a score, an output for the metric to
// score, a problem, or an error; docs/formats/worker.md says what each means.
type Reply struct {
	// Type is "reply".
	Type string `json:"type"`
	// ID is the request's.
	ID string `json:"id"`
	// Score is the rollout's score; nil leaves it to the metric.
	Score *float64 `json:"score,omitempty"`
	// Output is what the program returned: a JSON object, or any other value,
	// which becomes the field "output".
	Output json.RawMessage `json:"output,omitempty"`
	// Feedback says what was right and wrong.
	Feedback Feedback `json:"feedback,omitzero"`
	// Objectives are named measures.
	Objectives map[string]float64 `json:"objectives,omitempty"`
	// Trace lists the component calls in the order they were made.
	Trace []Step `json:"trace,omitempty"`
	// Usage is what model calls consumed.
	Usage Usage `json:"usage,omitzero"`
	// Problem says why the program failed: a failure that is scored.
	Problem string `json:"problem,omitempty"`
	// Error says what failed that is not the program's fault, for instance a
	// model out of reach. The request is tried again.
	Error string `json:"error,omitempty"`
	// Fatal marks an Error that trying again cannot cure.
	Fatal bool `json:"fatal,omitempty"`
}

// Feedback is [gepa.Feedback] as it travels: an object, or a string for what
// has no parts.
type Feedback gepa.Feedback

// UnmarshalJSON reads a string or an object.
func (f *Feedback) UnmarshalJSON(data []byte) error {
	*f = Feedback{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &f.Text)
	}
	return json.Unmarshal(data, (*gepa.Feedback)(f))
}

// A Step is one call of a component, as it travels; see [gepa.Step]. Inputs and
// outputs that are no JSON objects become the fields "input" and "output".
type Step struct {
	Component string          `json:"component"`
	Inputs    json.RawMessage `json:"inputs,omitempty"`
	Outputs   json.RawMessage `json:"outputs,omitempty"`
	Problem   string          `json:"problem,omitempty"`
	Exchanges []Exchange      `json:"exchanges,omitempty"`
}

// An Exchange is one model call, as it travels; see [gepa.Exchange].
type Exchange struct {
	Format   string         `json:"format,omitempty"`
	Messages []gepa.Message `json:"messages,omitempty"`
	Reply    string         `json:"reply"`
	Problem  string         `json:"problem,omitempty"`
	Usage    Usage          `json:"usage,omitzero"`
}

// Usage is [gepa.Usage] as it travels. What is left out is not known: a call
// without a price is one of unknown price, never a free one.
type Usage struct {
	// Calls counts the model calls, failed ones included; where it is left out
	// and anything else is there, it is 1.
	Calls int64 `json:"calls,omitempty"`
	// Cached counts the calls that a cache answered.
	Cached int64 `json:"cached,omitempty"`
	// InputTokens and OutputTokens are as reported by the provider.
	InputTokens  *int64 `json:"input_tokens,omitempty"`
	OutputTokens *int64 `json:"output_tokens,omitempty"`
	// CacheReadTokens and CacheWriteTokens are parts of the input tokens,
	// ReasoningTokens of the output tokens.
	CacheReadTokens  int64 `json:"cache_read_tokens,omitempty"`
	CacheWriteTokens int64 `json:"cache_write_tokens,omitempty"`
	ReasoningTokens  int64 `json:"reasoning_tokens,omitempty"`
	// CostUSD is what the calls cost, in US dollars.
	CostUSD *float64 `json:"cost_usd,omitempty"`
	// Unmeasured counts the calls whose tokens are not in the token counts; it
	// is only needed where some are and some are not.
	Unmeasured int64 `json:"unmeasured,omitempty"`
	// Unpriced counts the calls whose price is not in CostUSD, in the same way.
	Unpriced int64 `json:"unpriced,omitempty"`
}

// decode reads a message's JSON; the error names the field that is wrong.
func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fmt.Errorf("field %q is a JSON %s, want %s", wrong.Field, wrong.Value, kindWord(wrong))
	}
	return err
}

func kindWord(wrong *json.UnmarshalTypeError) string {
	switch wrong.Type.Kind().String() {
	case "float64", "int64", "int":
		return "a number"
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "slice":
		return "an array"
	default:
		return "an object"
	}
}
