package view

import (
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// A CandidateDetail is all there is to see of a candidate.
type CandidateDetail struct {
	ID      int   `json:"id"`
	Parents []int `json:"parents"`
	// Against is the candidate that it is compared with; nil for the base.
	Against    *int            `json:"against"`
	Components []ComponentDiff `json:"components"`
	// Validation compares the two on the validation set; nil without the
	// other.
	Validation *Pairing `json:"validation"`
	// Won and Lost are the validation examples with a higher and with a lower
	// score than the other's, the largest difference first.
	Won  []ExampleDelta `json:"won"`
	Lost []ExampleDelta `json:"lost"`
	// Minibatch, Judge and Reflection are of the proposal that made it.
	Minibatch  []MinibatchExample `json:"minibatch"`
	Judge      []JudgeNote        `json:"judge"`
	Reflection []CallDetail       `json:"reflection"`
	Spend      report.Usage       `json:"spend"`
}

// A ComponentDiff is a component's text in two candidates.
type ComponentDiff struct {
	Name    string  `json:"name"`
	Before  string  `json:"before"`
	After   string  `json:"after"`
	Changed bool    `json:"changed"`
	Words   []Words `json:"words"`
}

// Words are a piece of text with one fate.
type Words struct {
	Op   Op     `json:"op"`
	Text string `json:"text"`
}

// Op is what became of a piece of text.
type Op string

// The fates of a piece of text.
const (
	OpEqual  Op = "equal"
	OpInsert Op = "insert"
	OpDelete Op = "delete"
)

// A Pairing compares two on the examples on which both ran.
type Pairing struct {
	N        int       `json:"n"`
	Unpaired int       `json:"unpaired"`
	Measures []Measure `json:"measures"`
}

// An ExampleDelta is a validation example on which two scores differ.
type ExampleDelta struct {
	// Index is the example's place in the validation set.
	Index  int    `json:"index"`
	ID     string `json:"id"`
	Before Number `json:"before"`
	After  Number `json:"after"`
}

// A MinibatchExample is one example of a minibatch, with the parent's score on
// it and the child's, and what was said of the parent's rollout.
type MinibatchExample struct {
	Example  string `json:"example"`
	Hash     string `json:"example_hash"`
	Before   Number `json:"before"`
	After    Number `json:"after"`
	Feedback string `json:"feedback"`
}

// A JudgeNote is what a judge said of an example of the minibatch.
type JudgeNote struct {
	Component string `json:"component"`
	Example   string `json:"example"`
	Text      string `json:"text"`
}

// A CallDetail is a model call of a proposer.
type CallDetail struct {
	Role      string         `json:"role"`
	Component string         `json:"component"`
	Child     int            `json:"child"`
	Attempt   int            `json:"attempt"`
	Messages  []gepa.Message `json:"messages"`
	Reply     string         `json:"reply"`
	Problem   string         `json:"problem"`
	Usage     report.Usage   `json:"usage"`
}

// A ProposalDetail is all there is to see of a proposal, accepted or not.
type ProposalDetail struct {
	Proposal   Proposal           `json:"proposal"`
	Components []ComponentDiff    `json:"components"`
	Minibatch  []MinibatchExample `json:"minibatch"`
	Reflection []CallDetail       `json:"reflection"`
	Judge      []JudgeNote        `json:"judge"`
}

// Set names one of a run's sets of examples.
type Set string

// The sets.
const (
	SetFeedback   Set = "feedback"
	SetValidation Set = "validation"
	SetTest       Set = "test"
)

// A RolloutDetail is all there is to see of a rollout.
type RolloutDetail struct {
	// Candidate is −1 where the texts are of no candidate of the pool.
	Candidate  int               `json:"candidate"`
	Example    Example           `json:"example"`
	Set        Set               `json:"set"`
	Score      Number            `json:"score"`
	Objectives map[string]Number `json:"objectives"`
	Feedback   Feedback          `json:"feedback"`
	Output     gepa.Fields       `json:"output"`
	Problem    string            `json:"problem"`
	Usage      report.Usage      `json:"usage"`
	Steps      []Step            `json:"steps"`
	// Others are the scores of the other candidates on the example; null where
	// not run.
	Others []OtherScore `json:"others"`
}

// An Example identifies an example within its set.
type Example struct {
	Index int    `json:"index"`
	ID    string `json:"id"`
	Hash  string `json:"hash"`
}

// Feedback is what a metric said about a rollout.
type Feedback struct {
	Text        string            `json:"text"`
	ByComponent map[string]string `json:"by_component"`
}

// A Step is one call of a component.
type Step struct {
	Component string      `json:"component"`
	Inputs    gepa.Fields `json:"inputs"`
	Outputs   gepa.Fields `json:"outputs"`
	Problem   string      `json:"problem"`
	Exchanges []Exchange  `json:"exchanges"`
}

// An Exchange is a model call of a step.
type Exchange struct {
	Format   string         `json:"format"`
	Messages []gepa.Message `json:"messages"`
	Reply    string         `json:"reply"`
	Problem  string         `json:"problem"`
	Usage    report.Usage   `json:"usage"`
}

// An OtherScore is another candidate's score.
type OtherScore struct {
	Candidate int    `json:"candidate"`
	Score     Number `json:"score"`
}

// A Review is what people decided about a run's winner.
type Review struct {
	State ReviewState `json:"state"`
	// Candidate is the one that was reviewed; the winner, before any review.
	Candidate int `json:"candidate"`
	// Texts are the texts as edited by hand, by component; nil if they were
	// not.
	Texts map[string]string `json:"texts"`
	// Rescored is the measurement of the edited texts; nil if there is none.
	Rescored *Rescore `json:"rescored"`
	// Applied says that the reviewed texts were applied.
	Applied bool `json:"applied"`
	// Log says who did what, oldest first.
	Log []ReviewEntry `json:"log"`
}

// ReviewState says how a review stands.
type ReviewState string

// The states.
const (
	ReviewNone     ReviewState = "none"
	ReviewApproved ReviewState = "approved"
	ReviewRejected ReviewState = "rejected"
	ReviewEdited   ReviewState = "edited"
)

// A Rescore compares edited texts with the candidate that they were made from,
// on the validation set.
type Rescore struct {
	N          int       `json:"n"`
	Score      Number    `json:"score"`
	Measures   []Measure `json:"measures"`
	Conclusion string    `json:"conclusion"`
}

// A ReviewEntry is something that somebody did in a review.
type ReviewEntry struct {
	At time.Time `json:"at"`
	// By is who did it, as they called themselves.
	By     string `json:"by"`
	Action string `json:"action"`
	Detail string `json:"detail"`
}
