package view

import (
	"encoding/json"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// Format is the version of the JSON forms of this package.
const Format = 1

// A Position is a place in a journal: the number of records before it. What
// follows record n changed at position n.
type Position int64

// A Run is all that there is to see of a run at one position.
type Run struct {
	Format   int      `json:"format"`
	Position Position `json:"position"`
	Head     Head     `json:"head"`
	// Candidates are the validated candidates by id.
	Candidates []Candidate `json:"candidates"`
	// Proposals are the attempts in order; number n has index n−1.
	Proposals []Proposal `json:"proposals"`
	Scores    Scores     `json:"scores"`
	// Points are the candidates in the order in which they were validated.
	Points []Point `json:"points"`
}

// A Head says what a run is and how it stands. In JSON it is one object.
type Head struct {
	Setting
	Standing
	// Ledger says what was spent on what: disjoint entries that add up to the
	// total; see [report.Account].
	Ledger []report.Entry `json:"ledger"`
}

// A Setting is what stays as it is while a run goes on.
type Setting struct {
	// ID is the run's name in addresses.
	ID      string `json:"id"`
	Folder  string `json:"folder"`
	Program string `json:"program"`
	// Command is the command line that began the run; "" if not known.
	Command   string        `json:"command"`
	Simulated bool          `json:"simulated"`
	Models    report.Models `json:"models"`
	Created   *time.Time    `json:"created"`
	// Components are the base's texts in the system's order.
	Components []Text           `json:"components"`
	Data       report.Sizes     `json:"data"`
	Objectives []gepa.Objective `json:"objectives"`
	Seed       uint64           `json:"seed"`
	// Options are the resolved search options, as the journal has them.
	Options json.RawMessage `json:"options"`
	// Planned is the forecast made from options, budget and sizes; nil before
	// the run began.
	Planned *Planned `json:"planned"`
}

// A Text is the text of a component.
type Text struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Planned is what a run was expected to take; see [gepa.Forecast].
type Planned struct {
	Proposals   Range `json:"proposals"`
	Rollouts    Range `json:"rollouts"`
	Reflections Range `json:"reflections"`
}

// A Range is a figure that was not known: meant to hold in nine runs of ten.
type Range struct {
	Low      int `json:"low"`
	Expected int `json:"expected"`
	High     int `json:"high"`
}

// Phase says what a run is doing.
type Phase string

// The phases, in the order in which a run goes through them.
const (
	PhaseStarting Phase = "starting" // nothing is known yet
	PhaseBase     Phase = "base"     // the base is validated
	PhaseSearch   Phase = "search"
	PhaseStopping Phase = "stopping" // the search is over, the test set not yet opened
	PhaseTest     Phase = "test"     // the sealed test set is read
	PhaseOver     Phase = "over"     // there is no more to do
)

// A Standing is how a run stands.
type Standing struct {
	Status report.Status `json:"status"`
	// Detail says more in words.
	Detail    string `json:"detail"`
	Resumable bool   `json:"resumable"`
	Phase     Phase  `json:"phase"`
	// Paused and Controls are about the process that drives the run; they are
	// empty where that is another than the one that asks.
	Paused   bool      `json:"paused"`
	Controls []Control `json:"controls"`
	// Began is the time of the present session's first record, Updated that of
	// the last record.
	Began   *time.Time `json:"began"`
	Updated *time.Time `json:"updated"`
	// Sessions counts the processes that worked on the run, ElapsedMillis how
	// long they did, in milliseconds.
	Sessions      int    `json:"sessions"`
	ElapsedMillis int64  `json:"elapsed_ms"`
	Budget        Budget `json:"budget"`
	// LeftMillis is the estimated time to the end; nil if not known.
	LeftMillis *int64             `json:"left_ms"`
	Counts     Counts             `json:"counts"`
	ByFate     []report.FateCount `json:"by_fate"`
	// Best is the id of the best candidate; nil while there is none.
	Best *int `json:"best"`
	// Frontier are the ids of the candidates on the frontier, ascending.
	Frontier []int `json:"frontier"`
	// Stop says why the search ended; nil while it has not.
	Stop *report.Stop `json:"stop"`
	// Test is the measurement on the sealed test set; nil until it was read.
	Test *Test `json:"test"`
	// Conclusion says what changed, and whether it is shown to help; Summary
	// what the run did, in a few sentences.
	Conclusion string   `json:"conclusion"`
	Summary    []string `json:"summary"`
	Spend      Spend    `json:"spend"`
	// Notes are the last hundred things worth telling, oldest first.
	Notes []Note `json:"notes"`
}

// A Control is something that can be done to a run from where it is shown.
type Control string

// The controls.
const (
	ControlPause   Control = "pause"
	ControlResume  Control = "resume"
	ControlStop    Control = "stop"
	ControlReview  Control = "review"
	ControlRescore Control = "rescore"
	ControlApply   Control = "apply"
)

// A Budget is the present session's; 0 is no bound.
type Budget struct {
	Proposals     int     `json:"proposals"`
	Rollouts      int     `json:"rollouts"`
	TimeMillis    int64   `json:"time_ms"`
	Target        float64 `json:"target"`
	NoImprovement int     `json:"no_improvement"`
	CostNanos     int64   `json:"cost_nano_usd"`
}

// Counts are numbers of things.
type Counts struct {
	// Planned, Committed, Accepted and InFlight count proposals.
	Planned   int `json:"planned"`
	Committed int `json:"committed"`
	Accepted  int `json:"accepted"`
	InFlight  int `json:"in_flight"`
	// Rollouts are what a budget counts, ValidationRollouts those of them on
	// the validation set.
	Rollouts           int `json:"rollouts"`
	ValidationRollouts int `json:"validation_rollouts"`
	// TestDone of TestTotal rollouts on the test set are done; the total is 0
	// until it is opened.
	TestDone  int `json:"test_done"`
	TestTotal int `json:"test_total"`
	// Failures are attempts that failed for reasons of the world.
	Failures int `json:"failures"`
}

// Spend is what a run consumed.
type Spend struct {
	Total report.Usage `json:"total"`
	// ByRole holds "task", "test", "judge", "reflection" and "failed".
	ByRole map[string]report.Usage `json:"by_role"`
	// Rate is the number of calls a second in the last minute of the journal.
	Rate float64 `json:"rate_calls_per_s"`
	// CacheShare is the share of calls that the cache answered, 0..1; null
	// without calls.
	CacheShare Number `json:"cache_share"`
}

// A Note is something worth telling.
type Note struct {
	At    time.Time `json:"at"`
	Level Level     `json:"level"`
	Text  string    `json:"text"`
}

// Level says how serious a [Note] is.
type Level string

// The levels.
const (
	LevelInfo Level = "info"
	LevelWarn Level = "warn"
)

// A Test is base and winner on the sealed test set.
type Test struct {
	N          int       `json:"n"`
	Readings   int       `json:"readings"`
	Measures   []Measure `json:"measures"`
	Conclusion string    `json:"conclusion"`
}

// Score returns the comparison of the scores, the last measure.
func (t *Test) Score() Measure { return t.Measures[len(t.Measures)-1] }

// A Measure is a [report.Measure] whose numbers may be unknown.
type Measure struct {
	Name       string         `json:"name"`
	Direction  gepa.Direction `json:"direction"`
	Unit       report.Unit    `json:"unit"`
	Verdict    string         `json:"verdict"`
	N          int            `json:"n"`
	Base       Number         `json:"base"`
	Other      Number         `json:"other"`
	Difference Number         `json:"difference"`
	Interval   Interval       `json:"interval"`
	P          Number         `json:"p"`
	Wins       int            `json:"wins"`
	Losses     int            `json:"losses"`
	Ties       int            `json:"ties"`
	Detectable Number         `json:"detectable"`
	Method     string         `json:"method"`
}

// An Interval is a 95 % interval.
type Interval struct {
	Low  Number `json:"low"`
	High Number `json:"high"`
}

// A RunLine is a run in a list of runs.
type RunLine struct {
	ID        string        `json:"id"`
	Folder    string        `json:"folder"`
	Status    report.Status `json:"status"`
	Detail    string        `json:"detail"`
	Resumable bool          `json:"resumable"`
	Created   *time.Time    `json:"created"`
	Updated   *time.Time    `json:"updated"`
	Program   string        `json:"program"`
	Simulated bool          `json:"simulated"`
	// Best and Base are mean validation scores; null before there are any.
	Best Number `json:"best"`
	Base Number `json:"base"`
	// Test compares base and winner by their score; nil until it was read.
	Test      *Measure     `json:"test"`
	Proposals int          `json:"proposals"`
	Rollouts  int          `json:"rollouts"`
	Sessions  int          `json:"sessions"`
	Spend     report.Usage `json:"spend"`
	Command   string       `json:"command"`
	// Error says why the run could not be read; the other fields but ID,
	// Folder and Status are empty then.
	Error string `json:"error,omitempty"`
}
