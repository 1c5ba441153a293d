package gepa

import "context"

// A Proposer writes new texts for a candidate's components from what its
// rollouts on a minibatch showed.
//
// Propose must be safe for concurrent use and return soon after ctx ends. An
// error is a failure of the world, as for a [Runner]; a reply that is no
// usable text is a [Reflection] with Refused set. Every model call must go
// through [ReflectRequest.Memo], so that a resumed run pays for none twice.
type Proposer interface {
	Propose(ctx context.Context, req ReflectRequest) (Reflection, error)
}

// ReflectRequest is what a [Proposer] is given.
type ReflectRequest struct {
	// Proposal is the proposal's number, from 1.
	Proposal int
	// Candidate is the parent.
	Candidate Candidate
	// Components are the names of the components to rewrite, at least one.
	Components []string
	// Examples are the minibatch, each with the parent's rollout on it, traces
	// included.
	Examples []Reflected
	// Child tells apart the texts that are asked for from the same evidence;
	// it counts from 0 to [Options.Children] − 1.
	Child int
	// Rejected are earlier edits of the same components that the gate turned
	// down, newest first; at most [Options.Memory].
	Rejected []RejectedEdit
	// Known reports whether the parent with these texts would be the same as
	// an earlier candidate, and names that one. It may be nil. It is safe for
	// concurrent use.
	Known func(texts map[string]string) (what string, known bool)
	// Merge, if not nil, asks to bring two candidates' texts together; see
	// [Options.MergeByModel].
	Merge *MergeSources
	// Memo runs model calls.
	Memo Memo
}

// A RejectedEdit is a text that was tried and turned down.
type RejectedEdit struct {
	// Proposal is the number of the proposal that tried it.
	Proposal int
	// Component names the component, Text is the text that was tried.
	Component, Text string
	// Reason says in words why it was turned down.
	Reason string
	// Parent and Child are the summed scores on that proposal's minibatch.
	Parent, Child float64
}

// MergeSources are the candidates of a merge by model.
type MergeSources struct {
	// Ancestor is what both descend from, A the better of the two (and the
	// request's Candidate), B the other.
	Ancestor, A, B Candidate
}

// Reflected is one example of a minibatch and the parent's rollout on it.
type Reflected struct {
	Example Example
	Rollout Rollout
}

// A Reflection is what a [Proposer] returns.
type Reflection struct {
	// Texts are the new texts by component name.
	Texts map[string]string
	// Refused says why there is no usable text; "" if there is one. A refused
	// proposal is recorded and the search goes on.
	Refused string
}

// A Memo runs model calls so that each is made once: the result of a finished
// call is journaled before Do returns, and a resumed run gets it from the
// journal. It is safe for concurrent use.
type Memo interface {
	// Do returns the call journaled under the key, or runs fn, journals what
	// it returns and returns that. The key tells the calls of one proposal
	// apart. An error of fn is returned and not journaled.
	Do(ctx context.Context, key CallKey, fn func(context.Context) (Call, error)) (Call, error)
}

// CallKey identifies a model call within a proposal.
type CallKey struct {
	// Role is the purpose: RoleJudge or RoleReflection.
	Role string `json:"role"`
	// Component is the component the call is about.
	Component string `json:"component,omitempty"`
	// Item is the index of the example in the minibatch, for a judge's call;
	// for a reflection it is the number of the child.
	Item int `json:"item,omitempty"`
	// Attempt counts from 0.
	Attempt int `json:"attempt,omitempty"`
}

// A Call is a finished model call.
type Call struct {
	// Exchange is what was sent and what came back.
	Exchange Exchange `json:"exchange"`
}

// Text returns the reply's text.
func (c Call) Text() string { return c.Exchange.Reply }

// The roles of a proposer's calls.
const (
	RoleJudge      = "judge"
	RoleReflection = "reflection"
)
