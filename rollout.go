package gepa

import "encoding/json"

// A Rollout is the outcome of one run of one candidate on one example.
//
// A failure of the program under test (a reply that cannot be parsed, an
// exception, a wrong type) is a Rollout: it has a score, usually the lowest,
// Problem says what went wrong, and Feedback tells the reflection. A failure
// of the world (a model that cannot be reached, a lost worker) is never a
// Rollout; it is an error.
type Rollout struct {
	// Score is the number that the gate sums and validation averages; higher
	// is better.
	Score float64 `json:"score"`
	// Objectives are named measures, each as measured (not normalised). Every
	// objective that the run declares must be here.
	Objectives map[string]float64 `json:"objectives,omitempty"`
	// Feedback says in words what was right and wrong.
	Feedback Feedback `json:"feedback,omitzero"`
	// Output is what the program returned.
	Output Fields `json:"output,omitempty"`
	// Trace lists the component calls in the order they were made. A system
	// without traces leaves it empty.
	Trace []Step `json:"trace,omitempty"`
	// Usage is what the rollout's model calls consumed, failed ones included.
	Usage Usage `json:"usage,omitzero"`
	// Problem is set when the program failed: what went wrong, in one line.
	Problem string `json:"problem,omitempty"`
}

// Feedback is what a metric or a judge says about a rollout.
type Feedback struct {
	// Text is about the rollout as a whole.
	Text string `json:"text,omitempty"`
	// ByComponent holds what concerns one component, by component name.
	ByComponent map[string]string `json:"by_component,omitempty"`
}

// For returns the feedback for a component: its own where there is one, with
// the text about the whole rollout before it.
func (f Feedback) For(component string) string {
	own := f.ByComponent[component]
	switch {
	case own == "":
		return f.Text
	case f.Text == "":
		return own
	default:
		return f.Text + "\n" + own
	}
}

// A Step is one call of one component within a rollout.
type Step struct {
	// Component is the name of the component whose text was used.
	Component string `json:"component"`
	// Inputs are the values that went into the component.
	Inputs Fields `json:"inputs"`
	// Outputs are the values that came out; empty after a failure.
	Outputs Fields `json:"outputs,omitempty"`
	// Problem says what went wrong, for instance why a reply could not be
	// parsed; "" if nothing did.
	Problem string `json:"problem,omitempty"`
	// Exchanges are the model calls made for this step, in order: more than
	// one where a format fell back to another.
	Exchanges []Exchange `json:"exchanges,omitempty"`
}

// An Exchange is one model call: what was sent and what came back.
type Exchange struct {
	// Format names the wire format, for instance "chat" or "json".
	Format string `json:"format,omitempty"`
	// Messages are the exact messages sent.
	Messages []Message `json:"messages"`
	// Reply is the exact text received.
	Reply string `json:"reply"`
	// Problem says why the reply was not used; "" if it was.
	Problem string `json:"problem,omitempty"`
	// Usage is what the call consumed.
	Usage Usage `json:"usage,omitzero"`
}

// A Message is one message of a conversation with a model.
type Message struct {
	// Role is "system", "user" or "assistant".
	Role string `json:"role"`
	// Content is the message's text.
	Content string `json:"content"`
}

// A Job asks for one rollout.
type Job struct {
	// Candidate gives the texts to run with. The runner must not change it.
	Candidate Candidate
	// Example is the item to run on.
	Example Example
	// Repeat tells apart several rollouts of the same candidate on the same
	// example; it counts from 0. Caches must treat different repeats as
	// different requests.
	Repeat int
}

// Key returns the job's identity. Two jobs with equal keys have the same
// result, which therefore need be computed, and paid, only once.
func (j Job) Key() RolloutKey {
	return RolloutKey{Candidate: j.Candidate.Hash(), Example: j.Example.Hash(), Repeat: j.Repeat}
}

// RolloutKey identifies a rollout within a run.
type RolloutKey struct {
	// Candidate is the [Candidate.Hash] of the texts.
	Candidate string `json:"candidate"`
	// Example is the [Example.Hash] of the item.
	Example string `json:"example"`
	// Repeat is the job's repeat number.
	Repeat int `json:"repeat,omitempty"`
}

// String returns the key as text, for journals.
func (k RolloutKey) String() string {
	if k.Repeat == 0 && isHex(k.Candidate) && isHex(k.Example) { // as all keys are: what follows would write the same
		return `{"candidate":"` + k.Candidate + `","example":"` + k.Example + `"}`
	}
	b, err := json.Marshal(k)
	if err != nil {
		panic("gepa: encode rollout key: " + err.Error())
	}
	return string(b)
}

// isHex reports whether a text needs no escaping in JSON.
func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
