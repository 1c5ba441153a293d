package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// Text writes the account for people: a table each by role, component,
// candidate and purpose, every one of which adds up to the same total.
func (a Account) Text(w io.Writer, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	p := &page{width: o.Width, color: o.Color}
	p.head("Spend in detail", "each table adds up to the total")
	a.table(p, "by role", func(x, y Charge) int { return 0 }, roleWords)
	a.table(p, "by component", func(x, y Charge) int { return last(x.Component == "", y.Component == "") }, func(c Charge) string {
		return choose(c.Component == "", "not attributed", c.Component)
	})
	a.table(p, "by candidate", func(x, y Charge) int {
		return cmp.Or(last(x.Candidate < 0, y.Candidate < 0), cmp.Compare(x.Candidate, y.Candidate))
	}, candidateWords)
	a.table(p, "by purpose", func(x, y Charge) int {
		return cmp.Compare(place(x.Purpose), place(y.Purpose))
	}, func(c Charge) string { return c.Purpose.words() })
	p.usages("", []usageRow{{"total", a.Total}}, a.Total.Cached > 0)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// last compares such that what is left over comes last.
func last(x, y bool) int { return cmp.Compare(choose(x, 1, 0), choose(y, 1, 0)) }

// table writes the sums of all entries with one name, in the order that compare
// says of the entries.
func (a Account) table(p *page, title string, compare func(x, y Charge) int, name func(Charge) string) {
	entries := slices.Clone(a.Entries)
	slices.SortStableFunc(entries, func(x, y Entry) int { return compare(x.Charge, y.Charge) })
	var rows []usageRow
	for _, e := range entries {
		n := name(e.Charge)
		if !slices.ContainsFunc(rows, func(r usageRow) bool { return r.name == n }) {
			rows = append(rows, usageRow{n, a.Sum(func(c Charge) bool { return name(c) == n })})
		}
	}
	p.usages(title, rows, a.Total.Cached > 0)
	p.line("")
}

func roleWords(c Charge) string {
	word := string(c.Role)
	if c.Role == RoleProposer {
		word = "judge or reflection"
	}
	return word + choose(c.Failed, ", failed attempts", "")
}

func candidateWords(c Charge) string {
	switch {
	case c.Candidate == 0:
		return "0, the base"
	case c.Candidate > 0:
		return fmt.Sprint(c.Candidate)
	default:
		return "none of the pool"
	}
}

// words says a purpose to people.
func (p Purpose) words() string {
	switch p {
	case PurposeBase:
		return "validation of the base"
	case PurposeTest:
		return "test set"
	case PurposeUnknown:
		return "not attributed"
	default:
		return string(p) + " proposals"
	}
}
