package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gepa-go/gepa"
)

// A Pairing compares two systems, the base and the other, on the examples on
// which both ran.
type Pairing struct {
	// N is their number. Unpaired counts the examples on which only one ran:
	// they are left out.
	N        int `json:"n"`
	Unpaired int `json:"unpaired"`
	// Measures are the objectives by name, then the score.
	Measures []Measure `json:"measures"`
	// Won and Lost are the examples on which the other's score is higher and
	// lower, the largest difference first.
	Won  []PairedScore `json:"won"`
	Lost []PairedScore `json:"lost"`
}

// A PairedScore is one example in a [Pairing].
type PairedScore struct {
	ID     string  `json:"id"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// A ScoredExample is what one system did on an example.
type ScoredExample struct {
	// Hash is the example's content, by which examples are paired; ID is for
	// people.
	ID, Hash string
	gepa.Rollout
}

// Pair compares rollouts on the same examples, in the order of the base's.
// Declared are the objectives whose direction or range is not the usual one.
func Pair(base, other []ScoredExample, declared []gepa.Objective) (Pairing, error) {
	at := map[string]gepa.Rollout{}
	for _, o := range other {
		at[o.Hash] = o.Rollout
	}
	p := Pairing{Won: []PairedScore{}, Lost: []PairedScore{}}
	var one, two []gepa.Rollout
	for _, b := range base {
		o, both := at[b.Hash]
		if !both {
			p.Unpaired++
			continue
		}
		delete(at, b.Hash)
		one, two = append(one, b.Rollout), append(two, o)
		pair := PairedScore{b.ID, b.Score, o.Score}
		switch {
		case o.Score > b.Score:
			p.Won = append(p.Won, pair)
		case o.Score < b.Score:
			p.Lost = append(p.Lost, pair)
		}
	}
	p.N = len(one)
	p.Unpaired += len(at)
	for _, list := range [][]PairedScore{p.Won, p.Lost} {
		slices.SortStableFunc(list, func(a, b PairedScore) int {
			return cmp.Compare(math.Abs(b.After-b.Before), math.Abs(a.After-a.Before))
		})
	}
	var err error
	p.Measures, err = measures(one, two, declared)
	return p, err
}

// Score returns the comparison of the scores.
func (p Pairing) Score() Measure { return p.Measures[len(p.Measures)-1] }

// Sentence says what the figures support of a system, which the subject names. Without examples they
// support nothing.
func (p Pairing) Sentence(subject string, simulated bool) string {
	if p.N == 0 {
		return "There is no example on which both ran: nothing can be said."
	}
	return subject + " is " + supported(p.Measures) + choose(simulated, " (Simulated figures.)", "")
}

// table writes the figures.
func (p Pairing) table(page *page, base, other string) {
	rows := [][]string{{"", base, other, "difference", "95 % interval", "p", "detectable"}}
	for _, m := range p.Measures {
		can := "–"
		if m.Detectable > 0 {
			can = m.amount(m.Detectable)
		}
		rows = append(rows, []string{m.Label(), m.value(m.Base), m.value(m.Other), m.difference(), m.interval(), pValue(m.P), can})
	}
	page.table(rows, func(row, column int, cell string) string {
		if row > 0 && column == 3 && p.Measures[row-1].Difference != 0 {
			return page.paint(choose(p.Measures[row-1].improves(), good, bad), cell)
		}
		return choose(row == 0, page.paint(dim, cell), cell)
	})
}

// counts says how many examples were won and lost.
func (p Pairing) counts() string {
	return fmt.Sprintf("won %d, lost %d, equal %d", len(p.Won), len(p.Lost), p.N-len(p.Won)-len(p.Lost))
}

// examples writes the examples that were won and lost, so many of each; 0
// means all.
func (p Pairing) examples(page *page, indent string, most int) {
	for _, side := range []struct {
		word, style string
		list        []PairedScore
	}{{"won", good, p.Won}, {"lost", bad, p.Lost}} {
		for i, ex := range side.list {
			if most > 0 && i == most {
				page.line(indent + page.paint(dim, fmt.Sprintf("… and %d more %s", len(side.list)-most, side.word)))
				break
			}
			page.line(fmt.Sprintf("%s%s  %.4g → %.4g  %s", indent, page.paint(side.style, fmt.Sprintf("%-4s", side.word)), ex.Before, ex.After, ex.ID))
		}
	}
}

// verdictWords is a verdict of one measure in a line.
func verdictWords(m Measure) string {
	if m.N == 0 {
		return "no example in common"
	}
	return fmt.Sprintf("%s: %s (95 %% interval %s, p %s, n %d)", m.Verdict, m.difference(), m.interval(), pValue(m.P), m.N)
}
