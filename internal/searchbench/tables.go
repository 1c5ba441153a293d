package searchbench

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

// A Table is one table of docs/search.md.
type Table struct {
	// Name is what stands in the markers around the table.
	Name  string
	write func(w io.Writer, bars, options *Bench) error
}

// Tables returns all tables. Those about the bars take their runs from one
// bench, those that compare options from another, which may have fewer seeds.
func Tables() []Table {
	return []Table{
		{"calibration", calibration},
		{"bar-2", func(w io.Writer, bars, _ *Bench) error { return families(w, bars, Fast(), 1000, 3000) }},
		{"bar-3", func(w io.Writer, bars, _ *Bench) error { return families(w, bars, Frugal(), 1000, 3000) }},
		{"from-paper", compared(Paper(), fromPaper, 3000)},
		{"from-recommended", compared(Fast(), fromRecommended, 1000, 3000)},
		{"depth", compared(Fast(), depths, 1000, 3000)},
		{"minibatch", compared(Fast(), minibatches, 1000, 3000)},
		{"staged", staged},
	}
}

// Write writes the table's rows in Markdown.
func (t Table) Write(w io.Writer, bars, options *Bench) error { return t.write(w, bars, options) }

// of returns the families that are held out, or that are not.
func of(heldOut bool) []Family {
	var out []Family
	for _, f := range Families() {
		if f.HeldOut == heldOut {
			out = append(out, f)
		}
	}
	return out
}

// row writes one row of a Markdown table.
func row(w io.Writer, cells ...string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }

func head(w io.Writer, cells ...string) {
	row(w, cells...)
	fmt.Fprintf(w, "|---|%s\n", strings.Repeat("--:|", len(cells)-1))
}

func percent(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }

// points writes a difference of scores in points of a hundred.
func points(d stats.Comparison) string {
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Difference, 100*d.Interval.Low, 100*d.Interval.High)
}

func reached(d Difference) string {
	return fmt.Sprintf("%s [%.0f, %.0f]", percent(d.Reach), 100*d.ReachInterval.Low, 100*d.ReachInterval.High)
}

// calibration shows how paper mode behaves on each family.
func calibration(w io.Writer, bars, _ *Bench) error {
	head(w, "family", "seed", "after 1,000 rollouts", "after 3,000", "its own mean on validation", "proposals", "pass the gate", "rollouts for validation")
	for _, f := range Families() {
		short, err := bars.Runs(f, Paper(), 1000)
		if err != nil {
			return err
		}
		long, err := bars.Runs(f, Paper(), 3000)
		if err != nil {
			return err
		}
		var seed, one, three, own, proposals, accepted, validation float64
		n := float64(bars.Seeds)
		for k := range long {
			o := &long[k]
			seed += o.Seed / n
			one += short[k].Final / n
			three += o.Final / n
			own += o.Validation / n
			proposals += float64(o.Proposals) / n
			accepted += o.Accepted / n
			validation += float64(validationSize*(1+o.Full)) / float64(o.Rollouts) / n
		}
		score := func(x float64) string { return fmt.Sprintf("%.3f", x) }
		row(w, label(f), score(seed), score(one), score(three), score(own), fmt.Sprintf("%.0f", proposals), percent(accepted), percent(validation))
	}
	return nil
}

func label(f Family) string {
	if f.HeldOut {
		return f.Name + " (held out)"
	}
	return f.Name
}

// families compares a setting with paper mode family by family.
func families(w io.Writer, b *Bench, s Setting, budgets ...int) error {
	cells := []string{"family"}
	for _, n := range budgets {
		cells = append(cells, fmt.Sprintf("%d rollouts: score", n), "rollouts to paper mode's score", "wall-clock", "slots in use")
	}
	head(w, cells...)
	line := func(name string, fs []Family) error {
		cells := []string{name}
		for _, n := range budgets {
			d, err := b.Compare(fs, Paper(), s, n)
			if err != nil {
				return err
			}
			cells = append(cells, points(d.Score), reached(d), percent(d.Wall), percent(d.InUse))
		}
		row(w, cells...)
		return nil
	}
	for _, f := range Families() {
		if err := line(label(f), []Family{f}); err != nil {
			return err
		}
	}
	for _, sum := range []struct {
		name     string
		families []Family
	}{{"**development**", of(false)}, {"**held out**", of(true)}, {"**all**", Families()}} {
		if err := line(sum.name, sum.families); err != nil {
			return err
		}
	}
	return nil
}

// compared returns the writer of a table that compares variations of a setting
// with paper mode, on the development families.
func compared(base Setting, variations func(Setting) []Setting, budgets ...int) func(io.Writer, *Bench, *Bench) error {
	return func(w io.Writer, _, b *Bench) error {
		cells := []string{"options"}
		for _, n := range budgets {
			cells = append(cells, fmt.Sprintf("%d rollouts: score", n), "rollouts to paper mode's score", "wall-clock")
		}
		head(w, append(cells, "proposals", "texts written", "pass the gate")...)
		for _, s := range append([]Setting{base}, variations(base)...) {
			cells := []string{s.Name}
			var d Difference
			for _, n := range budgets {
				var err error
				if d, err = b.Compare(of(false), Paper(), s, n); err != nil {
					return err
				}
				cells = append(cells, points(d.Score), reached(d), percent(d.Wall))
			}
			row(w, append(cells, fmt.Sprintf("%.0f", d.Proposals), fmt.Sprintf("%.0f", d.Reflections), percent(d.Accepted))...)
		}
		return nil
	}
}

// staged shows what staged validation spares and what it gives up wrongly.
func staged(w io.Writer, _, b *Bench) error {
	head(w, "first, growth, z", "score", "wall-clock", "candidates given up", "of them better than the best", "rollouts spared a candidate")
	for _, v := range []gepa.Staged{
		{}, {First: 10, Growth: 2, Z: 1}, {First: 10, Growth: 2, Z: 0.5}, {First: 10, Growth: 4, Z: 0.5}, {First: 15, Growth: 2.5, Z: 0.5},
		{First: 25, Growth: 2, Z: 0.5}, {First: 25, Growth: 4, Z: 0.25}, {First: 25, Growth: 4, Z: 0.5}, {First: 25, Growth: 4, Z: 1}, {First: 25, Growth: 4, Z: 2}, {First: 40, Growth: 3, Z: 0.5},
	} {
		d, err := b.Compare(of(false), Paper(), Fast().with("", func(o *gepa.Options) { o.Staged = v }), 3000)
		if err != nil {
			return err
		}
		name := "off"
		if v.First > 0 {
			name = fmt.Sprintf("%d, %g, %g", v.First, v.Growth, v.Z)
		}
		row(w, name, points(d.Score), percent(d.Wall), percent(d.Partial/(d.Full+d.Partial)), percent(d.Missed/max(1e-9, d.Partial)), fmt.Sprintf("%.0f", d.Saved/(d.Full+d.Partial)))
	}
	return nil
}

// Replace puts a table between its markers in a document.
func Replace(doc []byte, name string, table []byte) ([]byte, error) {
	begin, end := fmt.Sprintf("<!-- table: %s -->\n", name), "<!-- end -->\n"
	before, after, found := bytes.Cut(doc, []byte(begin))
	if !found {
		return nil, fmt.Errorf("there is no marker %q", strings.TrimSpace(begin))
	}
	_, after, found = bytes.Cut(after, []byte(end))
	if !found {
		return nil, fmt.Errorf("the marker of table %q is not followed by %q", name, strings.TrimSpace(end))
	}
	return slices.Concat(before, []byte(begin), table, []byte(end), after), nil
}
