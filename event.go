package gepa

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The kinds of [Record]. Their encodings are specified in
// docs/formats/journal.md.
const (
	KindRun      = "run"
	KindPlan     = "plan"
	KindReflect  = "reflection"
	KindGate     = "gate"
	KindCommit   = "commit"
	KindStop     = "stop"
	KindContinue = "continue"
	KindTest     = "test"
	KindRollout  = "rollout"
	KindCall     = "call"
	KindFailure  = "failure"
	KindSession  = "session"
	KindReview   = "review"
)

// eventFormat is the version of the encodings below. Version 1, in which gates
// were decisions and proposals were made one at a time, can be read and not
// continued.
const (
	eventFormat    = 2
	oldEventFormat = 1
)

// An Event is something that happened in a run; the types in this file are all
// there are. Every change of a run's [State] is the application of one.
type Event interface {
	// record returns the kind and, for a result, the key.
	record() (kind, key string)
}

// RunStarted opens a run: everything that gives the run its meaning. A run is
// resumed only by a call whose RunStarted is equal.
type RunStarted struct {
	// Format is the version of the event encodings, now 2.
	Format int `json:"format"`
	// Components are the system's, in order.
	Components []Component `json:"components"`
	// Options are the resolved options, those that shape the search: what a
	// process brings along (journal, runner, budget …) is not encoded.
	Options Options `json:"options"`
	// Feedback, Validation and Test identify the data.
	Feedback   []ExampleRef `json:"feedback"`
	Validation []ExampleRef `json:"validation"`
	Test       []ExampleRef `json:"test,omitempty"`
}

// ExampleRef identifies an example of a run's data.
type ExampleRef struct {
	ID   string `json:"id"`
	Hash string `json:"hash"`
}

// ProposalKind says how a proposal makes its child.
type ProposalKind string

// The kinds of proposal.
const (
	// ProposalReflect rewrites components by reflection.
	ProposalReflect ProposalKind = "reflect"
	// ProposalMerge crosses two candidates with a common ancestor.
	ProposalMerge ProposalKind = "merge"
	// ProposalMergeByModel asks the proposer to bring the texts of two
	// candidates with a common ancestor together; see [Options.MergeByModel].
	ProposalMergeByModel ProposalKind = "merge_by_model"
)

// ProposalPlanned says what a proposal will do; it is journaled before
// anything is done.
type ProposalPlanned struct {
	// Proposal is the proposal's number, from 1.
	Proposal int          `json:"proposal"`
	Kind     ProposalKind `json:"kind"`
	// Parents are the ids of one candidate, or of the two that are merged; the
	// better first, for a merge by model.
	Parents []int `json:"parents"`
	// Ancestor is the parents' common ancestor, for a merge.
	Ancestor int `json:"ancestor,omitempty"`
	// Components are the names of those to be rewritten or, for a merge, of
	// those that differ from the first parent's.
	Components []string `json:"components"`
	// Examples are indices into the feedback set (the minibatch) or, for a
	// merge, into the validation set (the screen).
	Examples []int `json:"examples"`
	// More are further indices into the feedback set, in the order in which an
	// undecided gate draws on them; see [AcceptPaired].
	More []int `json:"more,omitempty"`
	// After is the number of proposals that were committed when this one was
	// planned. It knows of no other.
	After int `json:"after"`
	// Reserved is the most rollouts that the proposal can use before it is
	// granted more: all, but for the later stages of a staged validation.
	Reserved int `json:"reserved"`
}

// ReflectionDone is what a proposer made of a parent: one child's new texts.
type ReflectionDone struct {
	Proposal int `json:"proposal"`
	// Child counts the proposal's children from 0; see [Options.Children].
	Child int `json:"child,omitempty"`
	// Texts are the changed texts by component; Refused says why there are
	// none, if there are none.
	Texts   map[string]string `json:"texts,omitempty"`
	Refused string            `json:"refused,omitempty"`
}

// GateDecided says whether a child may be validated. It follows from results
// alone and is one: gates of several proposals come in any order.
type GateDecided struct {
	Proposal int `json:"proposal"`
	// Kept is the number of the child that the gate is about, the best of the
	// proposal's children on the minibatch.
	Kept int `json:"kept,omitempty"`
	// More is how many of the plan's further examples the gate drew on.
	More int `json:"more,omitempty"`
	// Texts are the child's changed texts by component; empty where there is
	// no child.
	Texts map[string]string `json:"texts,omitempty"`
	// Parent and Child are summed scores on the plan's examples. For a merge
	// Parent is the better parent's sum.
	Parent float64 `json:"parent"`
	Child  float64 `json:"child"`
	// Passed says that the child goes on to validation.
	Passed bool `json:"passed"`
	// Reason says in words why it does not; "" if it does.
	Reason string `json:"reason,omitempty"`
}

// ProposalCommitted ends a proposal.
type ProposalCommitted struct {
	// Proposal is the proposal's number; 0 stands for the seed's validation.
	Proposal int `json:"proposal"`
	// Accepted says that the child joined the pool, as the next id.
	Accepted bool `json:"accepted"`
	// Validated is the number of validation examples that the child was run
	// on, in the order of staged validation, before it was given up; 0 means
	// all of them.
	Validated int `json:"validated,omitempty"`
	// Reason says in words why a child that passed the gate did not join, or
	// why its validation ended early; "" otherwise.
	Reason string `json:"reason,omitempty"`
	// Seen names components first seen in the proposal's traces.
	Seen []string `json:"seen,omitempty"`
	// Traced says that the proposal's rollouts had traces.
	Traced bool `json:"traced,omitempty"`
}

// StopReason says why a search ended.
type StopReason string

// The reasons to stop.
const (
	StopProposals     StopReason = "proposals"      // the budget of proposals is used
	StopRollouts      StopReason = "rollouts"       // the budget of rollouts affords no further proposal
	StopTime          StopReason = "time"           // the time is over
	StopTarget        StopReason = "target"         // a candidate reached the target score
	StopNoImprovement StopReason = "no_improvement" // too many proposals without a better candidate
	StopExhausted     StopReason = "exhausted"      // many proposals in a row ran nothing new, under a budget that they do not use up
	StopCost          StopReason = "cost"           // a cap on money, tokens or calls allows no further call
	StopRequested     StopReason = "requested"      // somebody asked for it; see [Control.Stop]
	StopInterrupted   StopReason = "interrupted"    // the context ended; never journaled
	StopFailed        StopReason = "failed"         // an error ended the run; never journaled
)

// Stopped ends the search.
type Stopped struct {
	Reason StopReason `json:"reason"`
	// Detail says it in words.
	Detail string `json:"detail"`
}

// Continued reopens a search that stopped, after its budget was raised.
type Continued struct {
	// Proposals is the number of proposals committed by then.
	Proposals int `json:"proposals"`
}

// TestOpened says that the sealed test set is about to be read.
type TestOpened struct {
	// Candidates are the ids measured on it: the seed and the winner.
	Candidates []int `json:"candidates"`
}

// RolloutDone is a finished rollout.
type RolloutDone struct {
	Job     RolloutKey `json:"job"`
	Rollout Rollout    `json:"rollout"`
}

// CallDone is a finished model call of a proposer.
type CallDone struct {
	Proposal int     `json:"proposal"`
	Call     CallKey `json:"call"`
	Result   Call    `json:"result"`
}

// AttemptFailed is a rollout or a proposer's call that failed for reasons of
// the world and was, or will be, tried again.
type AttemptFailed struct {
	// Of names what failed: a rollout's key, or a proposal's number.
	Of string `json:"of"`
	// Role is [RoleJudge] or [RoleReflection] where a proposer's call failed;
	// "" for a rollout, and where the proposer failed outside its calls.
	Role string `json:"role,omitempty"`
	// Number counts the run's failures from 1.
	Number int    `json:"number"`
	Error  string `json:"error"`
	// Usage is what the attempt consumed all the same.
	Usage Usage `json:"usage,omitzero"`
}

// SessionStarted marks that a process began to work on the run.
type SessionStarted struct {
	// Number counts sessions from 1; a second one is a resumption.
	Number int `json:"number"`
	// Budget is the budget of this session.
	Budget Budget `json:"budget"`
	// Concurrency is how many rollouts this session runs at once.
	Concurrency int `json:"concurrency,omitempty"`
}

// ReviewDone is something that a person did about a run's candidate: it is no
// part of the search, changes no [State], and is written while no process is at
// work on the run.
type ReviewDone struct {
	// Number counts the run's reviews from 1.
	Number int `json:"number"`
	// By is who did it, as they called themselves.
	By     string       `json:"by"`
	Action ReviewAction `json:"action"`
	// Candidate is the id of the candidate that it is about.
	Candidate int `json:"candidate"`
	// Texts are the candidate's texts as edited by hand, all of them; nil where
	// the candidate's own are meant.
	Texts map[string]string `json:"texts,omitempty"`
	// Detail says more in words.
	Detail string `json:"detail,omitempty"`
	// Scores are those of edited texts, in the order of the validation set, for
	// a rescoring.
	Scores []float64 `json:"scores,omitempty"`
}

// ReviewAction says what somebody did in a review.
type ReviewAction string

// The actions of a review.
const (
	ReviewApprove ReviewAction = "approve"
	ReviewReject  ReviewAction = "reject"
	ReviewEdit    ReviewAction = "edit"
	// ReviewRescore: the edited texts were run on the validation set.
	ReviewRescore ReviewAction = "rescore"
	// ReviewApply: the texts were written to where they are used.
	ReviewApply ReviewAction = "apply"
)

func (RunStarted) record() (string, string)      { return KindRun, "" }
func (ProposalPlanned) record() (string, string) { return KindPlan, "" }
func (e ReflectionDone) record() (string, string) {
	return KindReflect, fmt.Sprintf("%d/%d", e.Proposal, e.Child)
}
func (e GateDecided) record() (string, string)     { return KindGate, strconv.Itoa(e.Proposal) }
func (ProposalCommitted) record() (string, string) { return KindCommit, "" }
func (Stopped) record() (string, string)           { return KindStop, "" }
func (Continued) record() (string, string)         { return KindContinue, "" }
func (TestOpened) record() (string, string)        { return KindTest, "" }
func (e RolloutDone) record() (string, string)     { return KindRollout, e.Job.String() }
func (e CallDone) record() (string, string)        { return KindCall, callKey(e.Proposal, e.Call) }
func (e AttemptFailed) record() (string, string) {
	return KindFailure, strconv.Itoa(e.Number)
}
func (e SessionStarted) record() (string, string) { return KindSession, strconv.Itoa(e.Number) }

func (e ReviewDone) record() (string, string) { return KindReview, strconv.Itoa(e.Number) }

func callKey(proposal int, k CallKey) string {
	return fmt.Sprintf("%d/%s/%s/%d/%d", proposal, k.Role, k.Component, k.Item, k.Attempt)
}

// NewRecord encodes an event for a journal.
func NewRecord(e Event, at time.Time) (Record, error) {
	kind, key := e.record()
	data, err := EncodeValue(e)
	if err != nil {
		return Record{}, fmt.Errorf("encode %s event: %w", kind, err)
	}
	return Record{Kind: kind, Key: key, Data: data, At: at}, nil
}

// DecodeRecord decodes the event of a record. A kind that this version does
// not know is an error that says so.
func DecodeRecord(r Record) (Event, error) {
	switch r.Kind {
	case KindRun:
		return decode[RunStarted](r)
	case KindPlan:
		return decode[ProposalPlanned](r)
	case KindReflect:
		return decode[ReflectionDone](r)
	case KindGate:
		return decode[GateDecided](r)
	case KindCommit:
		return decode[ProposalCommitted](r)
	case KindStop:
		return decode[Stopped](r)
	case KindContinue:
		return decode[Continued](r)
	case KindTest:
		return decode[TestOpened](r)
	case KindRollout:
		return decode[RolloutDone](r)
	case KindCall:
		return decode[CallDone](r)
	case KindFailure:
		return decode[AttemptFailed](r)
	case KindSession:
		return decode[SessionStarted](r)
	case KindReview:
		return decode[ReviewDone](r)
	default:
		return nil, fmt.Errorf("journal record of unknown kind %q: written by a newer version of gepa", r.Kind)
	}
}

func decode[E Event](r Record) (Event, error) {
	var e E
	if err := json.Unmarshal(r.Data, &e); err != nil {
		return nil, fmt.Errorf("decode %s event: %w", r.Kind, err)
	}
	return e, nil
}
