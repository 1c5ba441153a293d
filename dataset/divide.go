package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// A Size is how many examples a part gets: a number, a share of all, or what
// is left over. The zero value is what is left over.
type Size struct {
	// Count is a number of examples; 0 if it is not given so.
	Count int
	// Share is a share of all examples, above 0 and below 1; 0 if it is not
	// given so.
	Share float64
}

// ParseSize reads a size: "100" is a number, "20%" and "0.2" are shares, and
// "rest" is what is left over.
func ParseSize(text string) (Size, error) {
	text = strings.TrimSpace(text)
	if text == "rest" {
		return Size{}, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return Size{Count: n}, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share > 0 && share < 1) {
		return Size{}, fmt.Errorf(`dataset: size %q: give a number of examples such as 100, a share such as 20%% or 0.2, or "rest"`, text)
	}
	return Size{Share: share}, nil
}

// String returns the size as [ParseSize] reads it.
func (s Size) String() string {
	switch {
	case s.Count > 0:
		return strconv.Itoa(s.Count)
	case s.Share > 0:
		return strconv.FormatFloat(s.Share, 'g', -1, 64)
	default:
		return "rest"
	}
}

// MarshalText implements [encoding.TextMarshaler].
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] by [ParseSize].
func (s *Size) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSize(string(text))
	return err
}

// A Part is one of the sets into which examples are divided.
type Part struct {
	// Name is the set's.
	Name string
	// Size is how many examples it gets.
	Size Size
}

// Division says how examples are divided.
type Division struct {
	// Parts are the sets, at least one. At most one of them takes what is left
	// over; where none does, the rest of the examples is in no set. Shares are
	// rounded so that no sum of them is off by a whole example.
	Parts []Part
	// Seed draws who goes where.
	Seed uint64
	// Stratify is a field, or a path into one such as "/meta/topic", of the
	// labels or else of the inputs: every part gets each of its values in
	// proportion, as far as whole examples allow. Defaults to none.
	Stratify string
}

// Divide divides examples into sets that share none, each in the order of
// examples, which it leaves unchanged. The result is a function of the
// examples' order, the parts and the seed alone, the same on every platform.
//
// A part that would be empty is an error, and so are parts that together want
// more examples than there are.
func Divide(examples []gepa.Example, d Division) ([]Set, error) {
	sizes, err := d.sizes(len(examples))
	if err != nil {
		return nil, err
	}
	strata, err := d.strata(examples)
	if err != nil {
		return nil, err
	}
	left := make([]int, len(strata))
	for i, s := range strata {
		left[i] = len(s)
	}
	sets := make([]Set, len(sizes))
	for p, size := range sizes {
		var chosen []int
		for i, n := range apportion(left, size) {
			from := len(strata[i]) - left[i]
			chosen = append(chosen, strata[i][from:from+n]...)
			left[i] -= n
		}
		slices.Sort(chosen)
		sets[p].Name = d.Parts[p].Name
		for _, i := range chosen {
			sets[p].Examples = append(sets[p].Examples, examples[i])
		}
	}
	return sets, nil
}

// sizes turns shares and what is left over into numbers.
func (d Division) sizes(n int) ([]int, error) {
	sizes, rest := make([]int, len(d.Parts)), -1
	total, shares, given := 0, 0.0, 0
	names := map[string]bool{}
	for i, p := range d.Parts {
		switch {
		case names[p.Name]:
			return nil, fmt.Errorf("dataset: two parts are called %q: give each a name of its own", p.Name)
		case p.Size.Count < 0 || p.Size.Share < 0 || p.Size.Share >= 1 || p.Size.Count > 0 && p.Size.Share > 0:
			return nil, fmt.Errorf("dataset: part %q: a size of %d and %v makes no sense: give a number above 0, or a share below 1", p.Name, p.Size.Count, p.Size.Share)
		case p.Size.Count > 0:
			sizes[i] = p.Size.Count
		case p.Size.Share > 0:
			// By the sum of shares so far, so that roundings cancel out.
			shares += p.Size.Share
			sizes[i] = int(math.Round(shares*float64(n))) - given
			given += sizes[i]
		case rest >= 0:
			return nil, fmt.Errorf("dataset: parts %q and %q both take the rest: give one of them a size", d.Parts[rest].Name, p.Name)
		default:
			rest = i
		}
		names[p.Name] = true
		total += sizes[i]
	}
	if len(d.Parts) == 0 {
		return nil, fmt.Errorf("dataset: examples are to be divided into no part: name at least one")
	}
	if shares > 1+1e-9 || total > n {
		return nil, fmt.Errorf("dataset: the parts want %d of %s: make them smaller or give more examples", total, count(n, "example"))
	}
	if rest >= 0 {
		sizes[rest] = n - total
	}
	for i, size := range sizes {
		if size == 0 {
			return nil, fmt.Errorf("dataset: part %q would be empty, of %s: make it larger or give more examples", d.Parts[i].Name, count(n, "example"))
		}
	}
	return sizes, nil
}

// strata returns the numbers of the examples of each stratum, shuffled; the
// strata in the order in which they first occur.
func (d Division) strata(examples []gepa.Example) ([][]int, error) {
	order := shuffled(len(examples), d.Seed, "dataset divide")
	if d.Stratify == "" {
		return [][]int{order}, nil
	}
	field, err := parseSelector(d.Stratify)
	if err != nil {
		return nil, err
	}
	places := map[string]int{}
	keys := make([]string, len(examples))
	for i, ex := range examples {
		value, err := field.pick(append(slices.Clip(ex.Labels), ex.Inputs...))
		if err != nil {
			return nil, fmt.Errorf("dataset: stratify by %q: example %q: field %q %w", d.Stratify, ex.ID, field.field(), err)
		}
		keys[i] = string(value)
		if _, ok := places[keys[i]]; !ok {
			places[keys[i]] = len(places)
		}
	}
	strata := make([][]int, len(places))
	for _, i := range order {
		place := places[keys[i]]
		strata[place] = append(strata[place], i)
	}
	return strata, nil
}

// apportion divides n among strata of the given sizes in proportion, by the
// largest remainders; of equal ones the larger stratum first, then the
// earlier.
func apportion(sizes []int, n int) []int {
	total := 0
	for _, size := range sizes {
		total += size
	}
	out, rests := make([]int, len(sizes)), make([]int, len(sizes))
	given := 0
	order := make([]int, len(sizes))
	for i, size := range sizes {
		out[i], rests[i] = size*n/max(total, 1), size*n%max(total, 1)
		given += out[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rests[b], rests[a]), cmp.Compare(sizes[b], sizes[a]))
	})
	for _, i := range order[:n-given] {
		out[i]++
	}
	return out
}
