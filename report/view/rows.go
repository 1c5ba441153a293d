package view

import (
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// A Candidate is a row of the table of candidates; its key is ID.
type Candidate struct {
	ID int `json:"id"`
	// Parents are none for the base, one for a reflection, two for a merge.
	Parents []int `json:"parents"`
	// Proposal made it; 0 for the base.
	Proposal int `json:"proposal"`
	// Changed names the components that differ from the first parent's.
	Changed []string `json:"changed"`
	// Validation is the mean score over the Validated examples; Full says that
	// these are all.
	Validation Number `json:"validation"`
	Validated  int    `json:"validated"`
	Full       bool   `json:"full"`
	Frontier   bool   `json:"frontier"`
	Best       bool   `json:"best"`
	// Wins is the number of validation examples on which it has the best
	// score, alone or with others.
	Wins int `json:"wins"`
	// Objectives are means over the same examples, by name.
	Objectives map[string]Number `json:"objectives"`
	// Test is the mean score on the sealed test set; null for all but base
	// and winner.
	Test Number `json:"test"`
	At   At     `json:"at"`
	// Length is the number of characters of all texts.
	Length int           `json:"length"`
	Cost   CandidateCost `json:"cost"`
}

// CandidateCost is what a candidate cost.
type CandidateCost struct {
	// Proposal is the [Proposal.Spend] of the proposal that made it; for the
	// base what its validation took.
	Proposal report.Usage `json:"proposal"`
}

// At says when something happened, as totals of the run.
type At struct {
	Rollouts int `json:"rollouts"`
	// CostNanos is null where the price of a call is not known.
	CostNanos *int64    `json:"cost_nano_usd"`
	Tokens    int64     `json:"tokens"`
	At        time.Time `json:"at"`
}

// Stage says how far a proposal is.
type Stage string

// The stages, in order. A merge has no minibatch and no reflection.
const (
	StagePlanned    Stage = "planned"
	StageMinibatch  Stage = "minibatch"  // the parent runs
	StageReflection Stage = "reflection" // the model is asked for a text
	StageGate       Stage = "gate"       // the child runs on the same examples
	StageValidation Stage = "validation"
	StageCommitted  Stage = "committed"
)

// A Proposal is a row of the table of proposals; its key is Number.
type Proposal struct {
	Number   int               `json:"number"`
	Kind     gepa.ProposalKind `json:"kind"`
	Parents  []int             `json:"parents"`
	Ancestor *int              `json:"ancestor"`
	// Components are those that are rewritten or crossed.
	Components []string `json:"components"`
	Stage      Stage    `json:"stage"`
	// Examples are the ids of the minibatch or, for a merge, of the screen.
	Examples []string `json:"examples"`
	// Fate is unfinished while the proposal is under way.
	Fate report.Fate `json:"fate"`
	// Before and After are the parent's and the child's summed scores on N
	// examples; null while, or where, there are none.
	Before Number `json:"before"`
	After  Number `json:"after"`
	N      int    `json:"n"`
	// Passed says what the gate decided; nil before.
	Passed *bool `json:"passed"`
	// Candidate is the id of the accepted child; −1 if there is none.
	Candidate int `json:"candidate"`
	// Reason says in words why there is none.
	Reason string `json:"reason"`
	// Spend is what judge and reflection consumed for it, and the rollouts
	// that it was the first to want; Rollouts is their number.
	Spend    report.Usage `json:"spend"`
	Rollouts int          `json:"rollouts"`
	// Validated is the number of validation examples that the child ran on;
	// nil where it did not come to that.
	Validated *int       `json:"validated"`
	Began     time.Time  `json:"began"`
	Ended     *time.Time `json:"ended"`
	// At is when it was committed; nil before.
	At *At `json:"at"`
}

// Scores is the heatmap: candidates by validation examples.
type Scores struct {
	// Examples are the columns, in the order of the validation set.
	Examples []ExampleID `json:"examples"`
	Rows     []ScoreRow  `json:"rows"`
}

// An ExampleID names an example.
type ExampleID struct {
	ID string `json:"id"`
}

// A ScoreRow is a row of the heatmap; its key is Candidate. The base's fills
// while it is validated, the others are there when they join the pool.
type ScoreRow struct {
	Candidate int `json:"candidate"`
	// Scores are by validation example; null where not evaluated.
	Scores Numbers `json:"scores"`
	// Failed are the indices of examples on which the program failed.
	Failed []int `json:"failed"`
}

// A Point is a row of the score plot, one for each candidate, in the order in
// which they were validated; its key is Candidate.
type Point struct {
	At
	// Best is the best mean score of a fully validated candidate so far.
	Best Number `json:"best"`
	// Score is the candidate's own.
	Candidate int    `json:"candidate"`
	Score     Number `json:"score"`
}

// Changes are the rows that changed after a position. What did not change is
// nil.
type Changes struct {
	// Position is where they lead to.
	Position Position
	// Setting is nil unless it changed.
	Setting    *Setting
	Standing   *Standing
	Candidates []Candidate
	Proposals  []Proposal
	Scores     []ScoreRow
	Points     []Point
}
