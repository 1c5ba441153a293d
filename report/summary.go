package report

import (
	"bytes"
	"encoding/json"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/stats"
)

// Format is the version of a [Summary]'s JSON form, which is specified in
// docs/formats/cli-json.md.
const Format = 1

// A Summary is all there is to say about a run: the object that --json prints.
// It holds no time of day and no duration, so that equal runs have equal
// summaries.
type Summary struct {
	// Format is the version of this form.
	Format int `json:"format"`
	// Status says how the run ended.
	Status Status `json:"status"`
	// Simulated says that figures below come from a simulated model and say
	// nothing about a real one.
	Simulated bool `json:"simulated"`
	// Program names what was optimized.
	Program string `json:"program"`
	Models  Models `json:"models"`
	// Seed is the seed of all random decisions.
	Seed uint64 `json:"seed"`
	Data Sizes  `json:"data"`
	Stop Stop   `json:"stop"`
	// Test is the measurement on the sealed test set; nil if there is none.
	Test *Test `json:"test"`
	// Winner is the best candidate by validation; nil if not even the base
	// was validated.
	Winner *Winner `json:"winner"`
	// Components are the program's texts, original and winning, in order.
	Components []Component `json:"components"`
	// Candidates are the validated candidates, by id; the base is 0.
	Candidates []Candidate `json:"candidates"`
	Proposals  Proposals   `json:"proposals"`
	// Rollouts counts what a budget of rollouts counts: all but those on the
	// test set.
	Rollouts int   `json:"rollouts"`
	Spend    Spend `json:"spend"`
	// Output says where the run is kept; nil if it is not.
	Output *Output `json:"output"`
}

// Encode returns the summary as indented JSON with a line break at its end, the
// way it is kept and printed. Equal summaries give equal bytes.
func (s Summary) Encode() ([]byte, error) {
	return Indented(s)
}

// Indented returns a value as indented JSON with a line break at its end.
func Indented(value any) ([]byte, error) {
	raw, err := gepa.EncodeValue(value)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// Status says how a run ended, or how it stands.
type Status string

// The ways a run can end or stand.
const (
	StatusFinished    Status = "finished"
	StatusInterrupted Status = "interrupted"
	StatusFailed      Status = "failed"
	// StatusRunning: a process is at work on it.
	StatusRunning Status = "running"
	// StatusCrashed: its process ended without a word.
	StatusCrashed Status = "crashed"
	// StatusUnreadable: what is kept of it cannot be read.
	StatusUnreadable Status = "unreadable"
)

// Models names the models of a run by role.
type Models struct {
	Task       Model `json:"task"`
	Reflection Model `json:"reflection"`
	// Judge has no name where no judge is asked.
	Judge Model `json:"judge"`
}

// A Model is what a role is played by.
type Model struct {
	Name string `json:"name"`
	// Simulated says that it is the offline stand-in and no language model.
	Simulated bool `json:"simulated"`
	// Price is the published price that its calls are counted by, where the
	// provider does not report their cost itself; nil if it is not known.
	Price *lm.Price `json:"price"`
}

// Sizes are numbers of examples.
type Sizes struct {
	Feedback   int `json:"feedback"`
	Validation int `json:"validation"`
	Test       int `json:"test"`
}

// Stop says why the search ended.
type Stop struct {
	Reason gepa.StopReason `json:"reason"`
	Detail string          `json:"detail"`
}

// A Test is the base and the winner measured on the sealed test set.
type Test struct {
	// N is the number of examples.
	N int `json:"n"`
	// Readings is how often the set was opened in the run's life.
	Readings int `json:"readings"`
	// Measures are the objectives by name, then the score.
	Measures []Measure `json:"measures"`
	// Conclusion is what the figures support, in a sentence.
	Conclusion string `json:"conclusion"`
	// Examples are the single results, in the order of the test set.
	Examples []TestExample `json:"examples"`
}

// A Measure compares base and winner by one measure.
type Measure struct {
	// Name is the objective's, or "score".
	Name string `json:"name"`
	// Direction says which way it improves. Differences are never turned
	// round: for a measure to be minimized a negative one is an improvement.
	Direction gepa.Direction `json:"direction"`
	// Unit says that the measure is a share: 0..1, shown as percent.
	Unit Unit `json:"unit"`
	// Verdict is what the comparison supports.
	Verdict stats.Verdict `json:"verdict"`
	stats.Comparison
}

// Unit says how a measure's numbers are shown.
type Unit string

// The units.
const (
	UnitShare  Unit = "share"  // 0..1, shown as percent
	UnitNumber Unit = "number" // shown as it is
)

// A TestExample is one example of the test set.
type TestExample struct {
	ID        string  `json:"id"`
	Base      Outcome `json:"base"`
	Optimized Outcome `json:"optimized"`
}

// An Outcome is one rollout, without its trace.
type Outcome struct {
	Score      float64            `json:"score"`
	Objectives map[string]float64 `json:"objectives,omitempty"`
	Output     gepa.Fields        `json:"output,omitempty"`
	// Problem says what went wrong, where the program failed.
	Problem string `json:"problem,omitempty"`
}

// A Winner is the best candidate by validation.
type Winner struct {
	// Candidate is its id; 0 is the base.
	Candidate int `json:"candidate"`
	// Validation and BaseValidation are mean validation scores. The winner
	// was chosen by them, so they flatter it; the test set does not.
	Validation     float64 `json:"validation"`
	BaseValidation float64 `json:"base_validation"`
	// Lineage lists the ids of all its ancestors and its own, ascending.
	Lineage []int `json:"lineage"`
}

// A Component is one text, as the run found it and as the winner has it.
type Component struct {
	Name    string `json:"name"`
	Changed bool   `json:"changed"`
	Before  string `json:"before"`
	After   string `json:"after"`
	// Diff is the unified diff between the two; "" if they are equal.
	Diff string `json:"diff"`
}

// A Candidate is one that was validated in full.
type Candidate struct {
	ID      int   `json:"id"`
	Parents []int `json:"parents"`
	// Proposal is the number of the proposal that made it; 0 for the base.
	Proposal int `json:"proposal"`
	// Changed names the components that differ from the first parent's.
	Changed []string `json:"changed"`
	// Validation is the mean validation score, over the first Validated
	// examples of the validation order where that is not all of them.
	Validation float64 `json:"validation"`
	Validated  int     `json:"validated"`
	// Objectives are the means of the declared objectives over the same
	// examples, by name.
	Objectives map[string]float64 `json:"objectives,omitempty"`
	// Frontier says that it is on the frontier.
	Frontier bool `json:"frontier"`
	// Texts are its texts by component.
	Texts map[string]string `json:"texts"`
}

// Proposals counts and lists the attempts.
type Proposals struct {
	Made     int `json:"made"`
	Accepted int `json:"accepted"`
	Rejected int `json:"rejected"`
	// ByFate counts the proposals by what became of them.
	ByFate []FateCount `json:"by_fate"`
	// History lists them, in order.
	History []Proposal `json:"history"`
}

// A FateCount is a number of proposals with one fate.
type FateCount struct {
	Fate  Fate `json:"fate"`
	Count int  `json:"count"`
}

// A Proposal is one attempt.
type Proposal struct {
	Number     int               `json:"number"`
	Kind       gepa.ProposalKind `json:"kind"`
	Parents    []int             `json:"parents"`
	Components []string          `json:"components"`
	// Examples is the size of the minibatch or, for a merge, of the screen.
	Examples int  `json:"examples"`
	Fate     Fate `json:"fate"`
	// Before and After are the parent's and the child's summed scores on the
	// examples; After is 0 where there was no child.
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	// Candidate is the id of the accepted child; -1 if there is none.
	Candidate int `json:"candidate"`
	// Reason says in words why there is none.
	Reason string `json:"reason"`
}

// Spend is what the run consumed, by purpose.
type Spend struct {
	Task       Usage `json:"task"`
	Test       Usage `json:"test"`
	Judge      Usage `json:"judge"`
	Reflection Usage `json:"reflection"`
	// Failed is what attempts consumed that failed and were tried again.
	Failed Usage `json:"failed"`
	Total  Usage `json:"total"`
	// Accepted, Rejected and Unfinished are Judge and Reflection together, by
	// what became of the proposal that they were for.
	Accepted   Usage `json:"accepted_proposals"`
	Rejected   Usage `json:"rejected_proposals"`
	Unfinished Usage `json:"unfinished_proposals"`
	// Ledger is the same in detail: disjoint entries that add up to Total;
	// see [Account].
	Ledger []Entry `json:"ledger"`
}

// AllCached reports whether the run made calls and the cache answered every
// one of them.
func (s Spend) AllCached() bool { return s.Total.Calls == 0 && s.Total.Cached > 0 }

// Usage is what model calls consumed.
type Usage struct {
	Calls int64 `json:"calls"`
	// Cached counts the calls that the cache answered, for nothing; they are
	// not in Calls.
	Cached       int64 `json:"cached_calls"`
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
	// Unmeasured counts calls whose tokens were not reported.
	Unmeasured int64 `json:"unmeasured_calls"`
	// CostNanos is the known part of the cost in billionths of a US dollar,
	// and Unpriced counts the calls that it lacks.
	CostNanos int64 `json:"cost_nano_usd"`
	Unpriced  int64 `json:"unpriced_calls"`
	// Cost is the cost in words: "$0.0123", "unknown", "$0 (simulated)".
	Cost string `json:"cost"`
}

// Output says where a run is kept.
type Output struct {
	Folder string `json:"folder"`
	// Program is the optimized program, in DSPy's saved form.
	Program string `json:"program"`
	Journal string `json:"journal"`
	// Result is the file with this object.
	Result string `json:"result"`
}
