package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// A Measured is what was measured.
type Measured struct {
	// Name is the user's for it.
	Name string `json:"name"`
	// Candidate is the id within its run; -1 where it is of none.
	Candidate int `json:"candidate"`
	// Model ran it; Simulated says that it is the offline stand-in.
	Model     string         `json:"model"`
	Simulated bool           `json:"simulated"`
	Texts     gepa.Candidate `json:"texts"`
}

// Rollouts are what something did on examples.
type Rollouts struct {
	// Examples are in the order of the data.
	Examples []ScoredExample
	// Made counts the rollouts that were made for this; the others were in a
	// journal. Times are how long those took of them that no cache answered,
	// and Usage is what they consumed.
	Made  int
	Times []time.Duration
	Usage gepa.Usage
	// Chosen says that the examples are those by which candidates were chosen,
	// Sealed that they are a run's test set.
	Chosen, Sealed bool
}

// An Evaluation is one system measured on examples: the object that "gepa eval
// --json" prints.
type Evaluation struct {
	// Format is the version of this form.
	Format int      `json:"format"`
	System Measured `json:"system"`
	// Data names the examples, and N is their number.
	Data string `json:"data"`
	N    int    `json:"n"`
	// Measures are the objectives by name, then the score.
	Measures []Mean `json:"measures"`
	// Examples are sorted by score, the worst first.
	Examples []EvaluatedExample `json:"examples"`
	// Journaled counts the rollouts that were taken from a run.
	Journaled int `json:"journaled"`
	// Latency is of the rollouts made now that no cache answered; nil if there
	// are none.
	Latency *Latency `json:"latency"`
	// Usage is what was consumed now.
	Usage Usage `json:"usage"`
	// Notes say what lessens the figures.
	Notes []string `json:"notes"`
}

// A Mean is the mean of one measure over examples.
type Mean struct {
	Name string `json:"name"`
	Unit Unit   `json:"unit"`
	N    int    `json:"n"`
	// Mean is 0 without examples.
	Mean float64 `json:"mean"`
	// Interval is the 95 % interval of the mean, for more examples like these.
	Interval stats.Interval `json:"interval"`
	// Method names the interval.
	Method string `json:"method"`
}

// Latency is how long rollouts took.
type Latency struct {
	N int `json:"n"`
	// MeanMS and P95MS are milliseconds; P95 is the nearest rank.
	MeanMS int64 `json:"mean_ms"`
	P95MS  int64 `json:"p95_ms"`
}

// An EvaluatedExample is one example of an [Evaluation].
type EvaluatedExample struct {
	ID string `json:"id"`
	Outcome
	// Feedback is the metric's words.
	Feedback string `json:"feedback,omitempty"`
}

// Evaluate makes an evaluation of rollouts.
func Evaluate(system Measured, data string, r Rollouts) (Evaluation, error) {
	e := Evaluation{
		Format: Format, System: system, Data: data, N: len(r.Examples), Examples: []EvaluatedExample{}, Notes: []string{},
		Journaled: len(r.Examples) - r.Made, Latency: latency(r.Times), Usage: UsageOf(r.Usage, system.Simulated),
	}
	e.Measures = Means(r.Examples)
	for _, ex := range r.Examples {
		e.Examples = append(e.Examples, EvaluatedExample{ex.ID, outcome(ex.Rollout), ex.Feedback.Text})
	}
	slices.SortStableFunc(e.Examples, func(a, b EvaluatedExample) int { return cmp.Compare(a.Score, b.Score) })
	e.Notes = append(e.Notes, NotesOn(r, system.Simulated)...)
	return e, nil
}

const simulatedNote = "Simulated: the offline stand-in answered, which is no language model. The figures say nothing about a real one."

// NotesOn says what lessens figures that were made of rollouts.
func NotesOn(r Rollouts, simulated bool) []string {
	out := notes(r)
	if simulated {
		out = append(out, simulatedNote)
	}
	return out
}

func notes(r Rollouts) []string {
	var out []string
	if r.Chosen {
		out = append(out, "These are the examples by which candidates were chosen, so the figures flatter a winner; new examples do not.")
	}
	if r.Sealed && r.Made > 0 {
		out = append(out, "This read the sealed test set. Whoever chooses by its figures makes them worth less.")
	}
	return out
}

// Means returns the mean of every objective, by name, and of the score.
func Means(examples []ScoredExample) []Mean {
	values := map[string][]float64{}
	var scores []float64
	for _, ex := range examples {
		for name, v := range ex.Objectives {
			values[name] = append(values[name], v)
		}
		scores = append(scores, ex.Score)
	}
	var out []Mean
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out = append(out, meanOf(name, values[name]))
	}
	return append(out, meanOf(scoreName, scores))
}

func meanOf(name string, values []float64) Mean {
	m := Mean{Name: name, Unit: UnitShare, N: len(values), Mean: stats.Mean(values)}
	right := 0
	binary := len(values) > 0
	for _, v := range values {
		if v < 0 || v > 1 {
			m.Unit = UnitNumber
		}
		if v == 1 {
			right++
		}
		binary = binary && (v == 0 || v == 1)
	}
	if binary {
		m.Method, m.Interval = "Wilson score interval", stats.Wilson(right, len(values), stats.Level)
	} else {
		m.Method, m.Interval = "BCa bootstrap interval", stats.BCa(values, stats.Level, 0)
	}
	return m
}

func latency(times []time.Duration) *Latency {
	if len(times) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(times))
	var sum time.Duration
	for _, t := range sorted {
		sum += t
	}
	rank := (95*len(sorted) + 99) / 100
	return &Latency{len(sorted), (sum / time.Duration(len(sorted))).Milliseconds(), sorted[rank-1].Milliseconds()}
}

// asMeasure lends a mean the ways in which measures are shown.
func (m Mean) asMeasure() Measure { return Measure{Name: m.Name, Unit: m.Unit} }

// interval shows the 95 % interval.
func (m Mean) interval() string {
	show := m.asMeasure()
	end := func(v float64) string {
		if text := signed(v, false); strings.HasSuffix(text, "∞") {
			return text
		}
		return show.value(v)
	}
	return end(m.Interval.Low) + " to " + end(m.Interval.High)
}

// Text writes the evaluation for people, with so many of the worst examples; 0
// means all.
func (e Evaluation) Text(w io.Writer, o TextOptions, worst int) error {
	p := newPage(o)
	p.head(e.System.Name+choose(e.System.Simulated, " (simulated)", ""), fmt.Sprintf("%s, %s", e.Data, count(e.N, "example")))
	rows := [][]string{{"", "mean", "95 % interval", "n"}}
	for _, m := range e.Measures {
		rows = append(rows, []string{m.asMeasure().Label(), m.asMeasure().value(m.Mean), m.interval(), fmt.Sprint(m.N)})
	}
	p.table(rows, headed(p))
	p.line("")
	for _, note := range e.Notes {
		p.para(p.paint(warn, note))
	}
	e.examples(p, worst)
	p.line("")
	p.para(e.origin())
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (e Evaluation) examples(p *page, worst int) {
	shown := e.Examples
	if worst > 0 && worst < len(shown) {
		shown = shown[:worst]
	}
	p.line("")
	p.head("Examples", "the worst first")
	rows := [][]string{{"score", "example", "answer, or what went wrong"}}
	for _, ex := range shown {
		rows = append(rows, []string{fmt.Sprintf("%.4g", ex.Score), ex.ID, ""})
	}
	room := p.width - 4
	for _, row := range rows[1:] {
		room = min(room, p.width-width(row[1])-12)
	}
	for i, ex := range shown {
		rows[i+1][2] = cut(ex.words(), max(room, 20))
	}
	p.table(rows, headed(p))
	if left := len(e.Examples) - len(shown); left > 0 {
		p.line(p.paint(dim, fmt.Sprintf("  … and %d more, none of them worse; --worst 0 shows all", left)))
	}
}

// words says in a line what came of an example.
func (ex EvaluatedExample) words() string {
	if ex.Problem != "" {
		return "failed: " + ex.Problem
	}
	text := ""
	if n := len(ex.Output); n > 0 {
		text = fmt.Sprintf("%q", ex.Output.Text(ex.Output[n-1].Name))
	}
	if ex.Feedback != "" && ex.Score < 1 {
		text += "; " + strings.Join(strings.Fields(ex.Feedback), " ")
	}
	return strings.TrimPrefix(text, "; ")
}

// cut shortens a text to so many columns.
func cut(text string, columns int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= columns {
		return string(runes)
	}
	return string(runes[:columns-1]) + "…"
}

// origin says where the figures come from and what they cost.
func (e Evaluation) origin() string {
	var parts []string
	if e.Journaled > 0 {
		parts = append(parts, fmt.Sprintf("%s taken from the run", count(e.Journaled, "rollout")))
	}
	if made := e.N - e.Journaled; made > 0 {
		parts = append(parts, fmt.Sprintf("%s made now: %s, %s", count(made, "rollout"), e.Usage.asked(), e.Usage.Cost))
	}
	return strings.Join(parts, "; ") + "."
}

// A Versus is two systems on the same examples: the object that "gepa compare
// --json" prints. Differences are B's minus A's.
type Versus struct {
	// Format is the version of this form.
	Format int      `json:"format"`
	A      Measured `json:"a"`
	B      Measured `json:"b"`
	Data   string   `json:"data"`
	Pairing
	// Verdict is the score's; Conclusion is what the figures support, in a
	// sentence.
	Verdict    stats.Verdict `json:"verdict"`
	Conclusion string        `json:"conclusion"`
	// Made counts the rollouts that were made for this.
	Made  int      `json:"made"`
	Usage Usage    `json:"usage"`
	Notes []string `json:"notes"`
}

// Oppose compares two systems.
func Oppose(a, b Measured, data string, one, two Rollouts) (Versus, error) {
	v := Versus{
		Format: Format, A: a, B: b, Data: data, Made: one.Made + two.Made, Notes: []string{},
		Usage: UsageOf(one.Usage.Add(two.Usage), a.Simulated && b.Simulated),
	}
	var err error
	if v.Pairing, err = Pair(one.Examples, two.Examples, nil); err != nil {
		return v, err
	}
	v.Verdict = v.Score().Verdict
	v.Conclusion = v.Sentence(fmt.Sprintf("Compared with A, B (%s)", choose(a.Name == b.Name, b.words(), b.Name)), a.Simulated || b.Simulated)
	both := Rollouts{Chosen: one.Chosen || two.Chosen, Sealed: one.Sealed || two.Sealed, Made: v.Made}
	v.Notes = append(v.Notes, notes(both)...)
	if v.Unpaired > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%s left out: only one of the two ran on them.", count(v.Unpaired, "example")))
	}
	if a.Simulated || b.Simulated {
		v.Notes = append(v.Notes, simulatedNote)
	}
	return v, nil
}

// Text writes the comparison for people.
func (v Versus) Text(w io.Writer, o TextOptions) error {
	p := newPage(o)
	p.head("B against A"+choose(v.A.Simulated || v.B.Simulated, " (simulated)", ""), fmt.Sprintf("%s, %s; B %s", v.Data, count(v.N, "example"), v.counts()))
	p.hanging("  ", "A: "+v.A.words())
	p.hanging("  ", "B: "+v.B.words())
	p.line("")
	v.table(p, "A", "B")
	p.line("")
	p.para(p.paint(bold, v.Conclusion))
	for _, note := range v.Notes {
		p.para(p.paint(warn, note))
	}
	if len(v.Won)+len(v.Lost) > 0 {
		p.line("")
		v.Pairing.examples(p, "  ", diffExamples)
	}
	p.line("")
	p.para(made(v.Made, v.Usage))
	_, err := io.WriteString(w, p.text.String())
	return err
}

func (m Measured) words() string {
	return m.Name + choose(m.Model == "", "", ", model "+m.Model)
}
