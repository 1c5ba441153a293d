package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// A Baseline is what a system did on examples, to be kept in a repository and
// compared with later: the file that "gepa check --write-baseline" writes.
// Equal measurements give equal bytes, but for the time that they took.
type Baseline struct {
	// Format is the version of this form.
	Format int      `json:"gepa_baseline"`
	System Measured `json:"system"`
	// Data and Split say on what it was measured, and Limit on how many of
	// the first examples; 0 is all.
	Data     string `json:"data,omitempty"`
	Split    string `json:"split,omitempty"`
	Limit    int    `json:"limit,omitempty"`
	Measures []Mean `json:"measures"`
	// Cost is what an example cost, and Latency how long one took. Nil where a
	// cache answered, where nothing was reported, and for the simulated model.
	Cost     *BaselineCost     `json:"cost,omitempty"`
	Latency  *Latency          `json:"latency,omitempty"`
	Examples []BaselineExample `json:"examples"`
}

// A BaselineCost is what an example cost in the mean.
type BaselineCost struct {
	// Nanos are billionths of a US dollar.
	Nanos int64 `json:"nano_usd"`
}

// A BaselineExample is one example of a [Baseline].
type BaselineExample struct {
	ID string `json:"id"`
	// Hash is the example's content, see [gepa.Example.Hash].
	Hash       string             `json:"hash"`
	Score      float64            `json:"score"`
	Objectives map[string]float64 `json:"objectives,omitempty"`
}

// NewBaseline makes a baseline of rollouts.
func NewBaseline(system Measured, r Rollouts) Baseline {
	b := Baseline{Format: Format, System: system, Measures: Means(r.Examples), Examples: []BaselineExample{}}
	if !system.Simulated && len(r.Times) == len(r.Examples) {
		b.Latency = latency(r.Times)
		if calls(r.Usage) {
			b.Cost = &BaselineCost{r.Usage.Cost.Nanos / int64(max(len(r.Examples), 1))}
		}
	}
	for _, ex := range r.Examples {
		b.Examples = append(b.Examples, BaselineExample{ex.ID, ex.Hash, ex.Score, ex.Objectives})
	}
	return b
}

// Encode returns the baseline as it is kept.
func (b Baseline) Encode() ([]byte, error) {
	return Indented(b)
}

// ParseBaseline reads what [Baseline.Encode] wrote.
func ParseBaseline(data []byte) (Baseline, error) {
	var b Baseline
	if err := json.Unmarshal(data, &b); err != nil {
		return b, fmt.Errorf("this is no baseline: %w", err)
	}
	switch {
	case b.Format == 0:
		return b, errors.New("this is no baseline: it has no field gepa_baseline")
	case b.Format > Format:
		return b, fmt.Errorf("the baseline has format %d and this program knows format %d; update gepa", b.Format, Format)
	case len(b.Examples) == 0:
		return b, errors.New("the baseline holds no examples: write it again")
	}
	return b, nil
}

func (b Baseline) scored() []ScoredExample {
	out := make([]ScoredExample, len(b.Examples))
	for i, ex := range b.Examples {
		out[i] = ScoredExample{ex.ID, ex.Hash, gepa.Rollout{Score: ex.Score, Objectives: ex.Objectives}}
	}
	return out
}

// CheckStatus says how a check came out.
type CheckStatus string

// The ways a check can come out.
const (
	// CheckPassed: the score is shown not to be worse by more than the margin,
	// or no example's score changed, and no limit is exceeded.
	CheckPassed CheckStatus = "passed"
	// CheckRegression: the score is shown to be worse.
	CheckRegression CheckStatus = "regression"
	// CheckLimit: it costs more or takes longer than allowed.
	CheckLimit CheckStatus = "limit"
	// CheckUndecided: the examples are too few to show either.
	CheckUndecided CheckStatus = "undecided"
)

// A Check compares a system with a baseline: the object that "gepa check
// --json" prints.
type Check struct {
	// Format is the version of this form.
	Format   int         `json:"format"`
	Status   CheckStatus `json:"status"`
	Baseline Measured    `json:"baseline"`
	System   Measured    `json:"system"`
	Data     string      `json:"data"`
	// Margin is by how much the mean score may be worse.
	Margin float64 `json:"margin"`
	Pairing
	// Conclusion says in a sentence what the figures support.
	Conclusion string        `json:"conclusion"`
	Limits     []CheckLimits `json:"limits"`
	Usage      Usage         `json:"usage"`
	Latency    *Latency      `json:"latency"`
	Notes      []string      `json:"notes"`
}

// CheckLimits is one limit, and what was measured.
type CheckLimits struct {
	// Name is "cost" (dollars an example, the mean), "latency" (seconds, the
	// 95th percentile), or "cost_increase" or "latency_increase" (shares by
	// which the mean of an example is above the baseline's; negative below).
	Name  string  `json:"name"`
	Limit float64 `json:"limit"`
	Value float64 `json:"value"`
	OK    bool    `json:"ok"`
	// Baseline and Now are the two means that an increase is of, in dollars or
	// seconds.
	Baseline float64 `json:"baseline,omitempty"`
	Now      float64 `json:"now,omitempty"`
}

// Allowed are a check's limits; 0 is none.
type Allowed struct {
	Margin float64
	// CostNanos are billionths of a dollar an example.
	CostNanos int64
	Latency   time.Duration
	// CostIncrease and LatencyIncrease are shares by which an example may, in
	// the mean, cost more and take longer than the baseline's; nil is no limit.
	CostIncrease, LatencyIncrease *float64
}

// MeasuresCalls reports whether a limit is on what calls cost or how long they
// take.
func (a Allowed) MeasuresCalls() bool {
	return a.CostNanos > 0 || a.Latency > 0 || a.CostIncrease != nil || a.LatencyIncrease != nil
}

// NewCheck compares rollouts with a baseline.
func NewCheck(b Baseline, system Measured, data string, r Rollouts, allowed Allowed) (Check, error) {
	c := Check{
		Format: Format, Baseline: b.System, System: system, Data: data, Margin: allowed.Margin,
		Limits: []CheckLimits{}, Usage: UsageOf(r.Usage, system.Simulated), Latency: latency(r.Times), Notes: []string{},
	}
	var err error
	if c.Pairing, err = Pair(b.scored(), r.Examples, nil); err != nil {
		return c, err
	}
	score := c.Score()
	switch {
	case score.Interval.Low >= -allowed.Margin, c.unchanged():
		c.Status = CheckPassed
	case score.Verdict == stats.Worse:
		c.Status = CheckRegression
	default:
		c.Status = CheckUndecided
	}
	c.Conclusion = c.concluded(score)
	c.limits(b, r, allowed)
	if r.Sealed {
		c.Notes = append(c.Notes, "This read the sealed test set. Whoever edits until the check passes chooses by it, and makes its figures worth less.")
	}
	if c.unchanged() {
		c.Notes = append(c.Notes, fmt.Sprintf("No score changed. By the numbers alone that leaves room for a change in up to %.1f %% of examples like these.", 100*stats.Wilson(0, c.N, stats.Level).High))
	}
	if b.System.Model != system.Model {
		c.Notes = append(c.Notes, fmt.Sprintf("The baseline was measured with model %s, this with %s.", b.System.Model, system.Model))
	}
	if b.System.Simulated || system.Simulated {
		c.Notes = append(c.Notes, simulatedNote)
	}
	return c, nil
}

// unchanged reports whether every example has the baseline's score.
func (c Check) unchanged() bool { return len(c.Won)+len(c.Lost) == 0 && c.N > 0 }

// limits compares what calls cost and how long they took.
func (c *Check) limits(b Baseline, r Rollouts, allowed Allowed) {
	cost := float64(r.Usage.Cost.Nanos) / 1e9 / float64(max(len(r.Examples), 1))
	if allowed.CostNanos > 0 {
		c.limit(CheckLimits{Name: "cost", Limit: float64(allowed.CostNanos) / 1e9, Value: cost})
	}
	if allowed.CostIncrease != nil && b.Cost != nil {
		c.limit(increase("cost_increase", *allowed.CostIncrease, float64(b.Cost.Nanos)/1e9, cost))
	}
	if c.Latency == nil {
		return
	}
	if allowed.Latency > 0 {
		c.limit(CheckLimits{Name: "latency", Limit: allowed.Latency.Seconds(), Value: float64(c.Latency.P95MS) / 1000})
	}
	if allowed.LatencyIncrease != nil && b.Latency != nil {
		c.limit(increase("latency_increase", *allowed.LatencyIncrease, float64(b.Latency.MeanMS)/1000, float64(c.Latency.MeanMS)/1000))
	}
}

// increase compares two means. A mean of less than a millisecond is one.
func increase(name string, limit, baseline, now float64) CheckLimits {
	if baseline == 0 {
		baseline = 0.001
	}
	return CheckLimits{Name: name, Limit: limit, Value: now/baseline - 1, Baseline: baseline, Now: now}
}

func (c *Check) limit(l CheckLimits) {
	l.OK = l.Value <= l.Limit
	c.Limits = append(c.Limits, l)
	if !l.OK && c.Status != CheckRegression {
		c.Status = CheckLimit
	}
}

// concluded says what the score shows.
func (c Check) concluded(score Measure) string {
	figures := fmt.Sprintf("%s, 95 %% interval %s, n %d%s", score.difference(), score.interval(), score.N, choose(c.mark() == "", "", ", simulated"))
	margin := score.amount(c.Margin)
	switch c.Status {
	case CheckRegression:
		return fmt.Sprintf("Regression: the score is worse than the baseline's (%s).", figures)
	case CheckUndecided:
		text := fmt.Sprintf("Undecided: the score is not shown to be worse than the baseline's, and not shown to be within %s of it (%s).", margin, figures)
		if score.Detectable > 0 {
			text += fmt.Sprintf(" %s show a difference with 80 %% power only from %s on: take more, or a wider margin.", count(score.N, "example"), score.amount(score.Detectable))
		}
		return text
	}
	if c.unchanged() {
		return fmt.Sprintf("The score of every example is the baseline's (n %d%s).", score.N, choose(c.mark() == "", "", ", simulated"))
	}
	if score.Verdict == stats.Better {
		return fmt.Sprintf("The score is better than the baseline's (%s).", figures)
	}
	return fmt.Sprintf("The score is at most %s worse than the baseline's (%s).", margin, figures)
}

// words says how a limit was kept.
func (l CheckLimits) words() string {
	kept := choose(l.OK, "within", "over")
	switch l.Name {
	case "cost_increase":
		return fmt.Sprintf("cost: $%.6f an example, %s %% against the baseline's $%.6f, %s the limit of %+.10g %%", l.Now, signed(l.Value, true), l.Baseline, kept, 100*l.Limit)
	case "latency_increase":
		return fmt.Sprintf("latency: %.3f s, mean, %s %% against the baseline's %.3f s, %s the limit of %+.10g %%", l.Now, signed(l.Value, true), l.Baseline, kept, 100*l.Limit)
	}
	value, limit := fmt.Sprintf("$%.6f an example", l.Value), fmt.Sprintf("$%.6f", l.Limit)
	if l.Name == "latency" {
		value, limit = fmt.Sprintf("%.3f s, 95th percentile", l.Value), fmt.Sprintf("%.3f s", l.Limit)
	}
	return fmt.Sprintf("%s: %s, %s the limit of %s", l.Name, value, kept, limit)
}

// Text writes the check for people.
func (c Check) Text(w io.Writer, o TextOptions) error {
	p := newPage(o)
	style := choose(c.Status == CheckPassed, good, choose(c.Status == CheckUndecided, warn, bad))
	p.head("Check "+p.paint(style, string(c.Status))+c.mark(), fmt.Sprintf("%s, %s; %s", c.Data, count(c.N, "example"), c.counts()))
	c.table(p, "baseline", "now")
	p.line("")
	p.para(p.paint(bold, c.Conclusion))
	for _, l := range c.Limits {
		p.para(p.paint(choose(l.OK, good, bad), l.words()+"."))
	}
	for _, note := range c.Notes {
		p.para(p.paint(warn, note))
	}
	if len(c.Lost) > 0 {
		p.line("")
		Pairing{Lost: c.Lost}.examples(p, "  ", diffExamples)
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (c Check) mark() string {
	return choose(c.Baseline.Simulated || c.System.Simulated, " (simulated)", "")
}

// Markdown writes the check as a comment on a pull request.
func (c Check) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### gepa check%s: %s\n\n%s\n\n", c.mark(), c.Status, c.Conclusion)
	b.WriteString("| | baseline | now | difference | 95 % interval | p | n |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, m := range c.Measures {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %d |\n", cell(m.Label()), m.value(m.Base), m.value(m.Other), m.difference(), m.interval(), pValue(m.P), m.N)
	}
	fmt.Fprintf(&b, "\n%s, against the baseline: %s.\n", cell(c.Data), c.counts())
	for _, l := range c.Limits {
		fmt.Fprintf(&b, "- %s %s\n", choose(l.OK, "✓", "✗"), l.words())
	}
	for _, note := range c.Notes {
		fmt.Fprintf(&b, "\n> %s\n", note)
	}
	if len(c.Lost) > 0 {
		fmt.Fprintf(&b, "\n<details><summary>%s lost</summary>\n\n| example | baseline | now |\n|---|---:|---:|\n", count(len(c.Lost), "example"))
		for _, ex := range c.Lost {
			fmt.Fprintf(&b, "| %s | %.4g | %.4g |\n", cell(ex.ID), ex.Before, ex.After)
		}
		b.WriteString("\n</details>\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell keeps a text from ending its cell.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(text)
}

// The elements of JUnit's XML that continuous integration reads.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure"`
	Skipped *junitMessage `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
}

// JUnit writes the check as JUnit's XML: a test for the score, which counts as
// skipped where the examples are too few, and one for each limit.
func (c Check) JUnit(w io.Writer) error {
	quality := junitCase{Class: "gepa.check", Name: fmt.Sprintf("score is not worse by more than %s%s", c.Score().amount(c.Margin), c.mark())}
	worse := c.Score().Interval.Low < -c.Margin && !c.unchanged()
	switch {
	case worse && c.Score().Verdict == stats.Worse:
		quality.Failure = &junitMessage{c.Conclusion, string(CheckRegression)}
	case worse:
		quality.Skipped = &junitMessage{Message: c.Conclusion}
	}
	lines := []string{c.Conclusion}
	for _, ex := range c.Lost {
		lines = append(lines, fmt.Sprintf("lost %s: %.4g → %.4g", ex.ID, ex.Before, ex.After))
	}
	quality.Out = strings.Join(append(lines, c.Notes...), "\n")
	suite := junitSuite{Name: "gepa check", Cases: []junitCase{quality}}
	for _, l := range c.Limits {
		test := junitCase{Class: "gepa.check", Name: strings.ReplaceAll(l.Name, "_", " ") + " is within its limit"}
		if !l.OK {
			test.Failure = &junitMessage{l.words(), string(CheckLimit)}
		}
		suite.Cases = append(suite.Cases, test)
	}
	suite.Tests = len(suite.Cases)
	suite.Failures = len(slices.Collect(func(yield func(junitCase) bool) {
		for _, t := range suite.Cases {
			if t.Failure != nil && !yield(t) {
				return
			}
		}
	}))
	if quality.Skipped != nil {
		suite.Skipped = 1
	}
	raw, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(raw)+"\n")
	return err
}
