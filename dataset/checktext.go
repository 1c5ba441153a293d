package dataset

import (
	"fmt"
	"strconv"
	"strings"
)

// mostShown is how many of many findings are written out.
const mostShown = 5

// String returns the report for people to read: a paragraph a set, then what
// is repeated, the worst first.
func (r Report) String() string {
	var b strings.Builder
	for _, s := range r.Sets {
		s.write(&b, r.Minibatch)
		b.WriteByte('\n')
	}
	if len(r.Pairs) == 0 {
		b.WriteString("No example repeats another one, nor nearly.\n")
		return b.String()
	}
	for _, across := range []bool{true, false} {
		for _, kind := range []PairKind{PairContent, PairConflict, PairID, PairNear} {
			r.writePairs(&b, kind, across)
		}
	}
	return b.String()
}

func (r Report) writePairs(b *strings.Builder, kind PairKind, across bool) {
	n := r.Count(kind, across)
	if n == 0 {
		return
	}
	what := map[PairKind]string{
		PairContent:  "an earlier one",
		PairConflict: "the inputs of an earlier one and have other labels, so that one of the two is wrong",
		PairID:       "the id of an earlier one",
		PairNear:     "an earlier one nearly",
	}[kind]
	verb := "repeat"
	if n == 1 {
		verb = "repeats"
		what = strings.Replace(what, "and have", "and has", 1)
	}
	where := "within its set"
	if across {
		where = "of another set"
		if kind == PairContent || kind == PairID {
			where += "; a run refuses such data"
		}
	}
	fmt.Fprintf(b, "%s %s %s (%s):\n", count(n, "example"), verb, what, where)
	shown := 0
	for _, p := range r.Pairs {
		if p.Kind != kind || p.Across() != across {
			continue
		}
		if shown++; shown > mostShown {
			fmt.Fprintf(b, "  and %d more\n", n-mostShown)
			return
		}
		fmt.Fprintf(b, "  %s %q is like %s %q", p.Second.Set, p.Second.ID, p.First.Set, p.First.ID)
		if kind == PairNear {
			fmt.Fprintf(b, " (%s alike)", percent(p.Similarity))
		}
		b.WriteByte('\n')
	}
}

func (s SetReport) write(b *strings.Builder, minibatch int) {
	fmt.Fprintf(b, "%s: %s\n", s.Name, count(s.Examples, "example"))
	for _, f := range s.Fields {
		f.write(b, s.Examples)
	}
	if s.Unlabelled > 0 {
		fmt.Fprintf(b, "  %s no label that says something: only a metric that needs none can score them\n", have(s.Unlabelled))
	}
	fmt.Fprintf(b, "  what a minibatch of %d sees:\n", minibatch)
	for _, f := range s.Fields {
		if len(f.Values) > 1 {
			f.writeChances(b)
		}
	}
	for i, c := range s.Failures {
		if i == 0 {
			fmt.Fprintf(b, "    a failure with a chance of %s where %s are solved", percent(c.Chance), percent(c.SolveRate))
		} else {
			fmt.Fprintf(b, ", %s where %s are", percent(c.Chance), percent(c.SolveRate))
		}
	}
	b.WriteByte('\n')
}

func have(n int) string {
	if n == 1 {
		return "1 example has"
	}
	return strconv.Itoa(n) + " examples have"
}

func (f FieldReport) write(b *strings.Builder, examples int) {
	role := "input"
	if f.Label {
		role = "label"
	}
	fmt.Fprintf(b, "  %s %q: ", role, f.Name)
	var parts []string
	for _, t := range sortedKeys(f.Types) {
		if f.Types[t] == examples {
			parts = append(parts, t)
		} else {
			parts = append(parts, fmt.Sprintf("%d %s", f.Types[t], t))
		}
	}
	if f.Missing > 0 {
		parts = append(parts, fmt.Sprintf("MISSING in %d", f.Missing))
	}
	if f.Empty > 0 {
		parts = append(parts, fmt.Sprintf("EMPTY in %d", f.Empty))
	}
	fmt.Fprintf(b, "%s; %d to %d characters, half of them up to %d; %s\n", strings.Join(parts, ", "), f.Length.Min, f.Length.Max, f.Length.Median, count(f.Distinct, "value"))
	if n := len(f.Length.Outliers); n > 0 {
		fmt.Fprintf(b, "    odd lengths: ")
		for i, o := range f.Length.Outliers[:min(n, mostShown)] {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%d in %q", o.Length, o.ID)
		}
		if n > mostShown {
			fmt.Fprintf(b, " and %d more", n-mostShown)
		}
		b.WriteByte('\n')
	}
	for i, v := range f.Values {
		if i == 0 {
			b.WriteString("    values: ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "%q %s", clip([]byte(v.Value)), percent(v.Share))
	}
	if len(f.Values) > 0 {
		b.WriteByte('\n')
	}
}

func (f FieldReport) writeChances(b *strings.Builder) {
	rarest := f.Values[len(f.Values)-1]
	fmt.Fprintf(b, "    %s %q with a chance of %s", f.Name, clip([]byte(rarest.Value)), percent(rarest.Chance))
	if f.EveryValue != nil {
		fmt.Fprintf(b, ", all of its %d values with one of %s", len(f.Values), percent(*f.EveryValue))
	}
	b.WriteByte('\n')
}

// percent writes a share without pretending that it is nothing or all.
func percent(x float64) string {
	switch {
	case x > 0 && x < 0.01:
		return "<1 %"
	case x < 1 && x > 0.99:
		return ">99 %"
	}
	return strconv.FormatFloat(x*100, 'f', 0, 64) + " %"
}
