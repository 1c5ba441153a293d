package dataset

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/expression"
)

// A collector takes the rows of files one by one and keeps the examples that
// are wanted of them.
type collector struct {
	*plan
	result Loaded
	taken  int // examples that count for Limit

	ids    map[string]origin
	hashes map[string]bool // with Dedupe
	sample *sample         // with Sample
	// unseen are the variables of the filter that no row has had so far.
	unseen    map[string]bool
	wholeRow  bool // the filter uses $env
	seenNames []string
}

// An origin says where an example came from.
type origin struct{ file, place string }

func newCollector(p *plan) *collector {
	c := &collector{plan: p, ids: map[string]origin{}}
	if p.Dedupe {
		c.hashes = map[string]bool{}
	}
	if p.Sample > 0 {
		c.sample = &sample{size: p.Sample, seed: p.Seed}
	}
	if p.where != nil {
		c.unseen = map[string]bool{}
		for _, name := range p.where.Names() {
			c.unseen[name] = true
		}
		c.wholeRow = strings.Contains(p.Where, "$env")
	}
	return c
}

// full reports whether no more rows are wanted.
func (c *collector) full() bool { return c.Limit > 0 && c.taken >= c.Limit }

// add takes one row.
func (c *collector) add(r *row) error {
	c.result.Rows++
	if c.where != nil {
		pass, err := c.passes(r)
		if err != nil {
			return err
		}
		if !pass {
			c.result.Filtered++
			return nil
		}
	}
	ex, err := c.example(r)
	if err != nil {
		return err
	}
	derived := ex.ID == ""
	hash := ""
	if derived || c.hashes != nil {
		hash = ex.Hash()
	}
	if c.hashes != nil {
		if c.hashes[hash] {
			c.result.Repeated++
			return nil
		}
		c.hashes[hash] = true
	}
	if derived {
		ex.ID = hash[:16]
	}
	if first, ok := c.ids[ex.ID]; ok {
		return r.repeated(ex.ID, derived, first)
	}
	c.ids[ex.ID] = origin{file: r.name, place: r.place()}
	c.taken++
	if c.sample != nil {
		c.sample.add(ex, c.taken)
		return nil
	}
	c.result.Examples = append(c.result.Examples, ex)
	return nil
}

// repeated is the error for a row that has the id of an earlier one.
func (r *row) repeated(id string, derived bool, first origin) error {
	place := first.place
	if first.file != r.name {
		place += " of " + first.file
	}
	if derived {
		return r.errorf("", "", "remove one of them, give every example an id, or ask for duplicates to be dropped",
			"the example repeats the one of %s, and neither has an id", place)
	}
	return r.errorf(id, "", "give every example an id of its own", "the id is also that of %s", place)
}

// passes evaluates the filter.
func (c *collector) passes(r *row) (bool, error) {
	env := map[string]any{}
	names := c.where.Names()
	for _, f := range r.fields {
		if c.wholeRow || slices.Contains(names, f.Name) {
			env[f.Name] = expression.Decode(f.Value)
			delete(c.unseen, f.Name)
		}
	}
	if len(c.unseen) > 0 && len(c.seenNames) == 0 {
		c.seenNames = r.fields.Names()
	}
	value, err := c.where.Run(context.Background(), env)
	const remedy = "correct the filter; a field that may be absent is nil, and x ?? 0 gives it a value"
	if err != nil {
		return false, r.errorf("", "", remedy, "the filter fails: %v", err)
	}
	pass, ok := value.(bool)
	if !ok && value != nil {
		return false, r.errorf("", "", "compare it with something, so that it says true or false", "the filter gives %v, neither true nor false", value)
	}
	return pass, nil
}

// loaded returns what was collected.
func (c *collector) loaded(files []string) (Loaded, error) {
	c.result.Files = files
	name := strings.Join(files, ", ")
	if c.where != nil && c.result.Filtered > 0 {
		for _, variable := range sortedKeys(c.unseen) {
			return Loaded{}, &Error{File: name, Problem: fmt.Sprintf("the filter asks for %q, which no row has%s", variable, nearName(variable, c.seenNames)),
				Remedy: "name a field that is there"}
		}
	}
	if c.sample != nil {
		if c.taken < c.Sample {
			return Loaded{}, &Error{File: name, Problem: fmt.Sprintf("has %s, which is too few for a sample of %d", count(c.taken, "example"), c.Sample), Remedy: "draw fewer, or all"}
		}
		c.result.Examples = c.sample.examples()
		c.result.Unsampled = c.taken - c.Sample
	}
	if len(c.result.Examples) == 0 {
		return Loaded{}, &Error{File: name, Problem: fmt.Sprintf("none of %s passes the filter", count(c.result.Rows, "row")), Remedy: "correct the filter"}
	}
	return c.result, nil
}

// A sample keeps the examples of the lowest rank, which is a hash of seed and
// id, so that which are drawn does not depend on the order in which they come.
type sample struct {
	size int
	seed uint64
	kept []ranked // a heap, the highest rank first
}

type ranked struct {
	rank    [sha256.Size]byte
	number  int
	example gepa.Example
}

func (s *sample) add(ex gepa.Example, number int) {
	rank := sha256.Sum256([]byte(strconv.FormatUint(s.seed, 10) + "\x00dataset sample\x00" + ex.ID))
	switch {
	case len(s.kept) < s.size:
		heap.Push(s, ranked{rank, number, ex})
	case bytes.Compare(rank[:], s.kept[0].rank[:]) < 0:
		s.kept[0] = ranked{rank, number, ex}
		heap.Fix(s, 0)
	}
}

// examples returns the sample in the order in which it came.
func (s *sample) examples() []gepa.Example {
	slices.SortFunc(s.kept, func(a, b ranked) int { return a.number - b.number })
	out := make([]gepa.Example, len(s.kept))
	for i, k := range s.kept {
		out[i] = k.example
	}
	return out
}

// Len, Less, Swap, Push and Pop implement [heap.Interface].
func (s *sample) Len() int           { return len(s.kept) }
func (s *sample) Less(i, j int) bool { return bytes.Compare(s.kept[i].rank[:], s.kept[j].rank[:]) > 0 }
func (s *sample) Swap(i, j int)      { s.kept[i], s.kept[j] = s.kept[j], s.kept[i] }

// Push adds an element.
func (s *sample) Push(x any) { s.kept = append(s.kept, x.(ranked)) }

// Pop removes the last element.
func (s *sample) Pop() any {
	last := s.kept[len(s.kept)-1]
	s.kept = s.kept[:len(s.kept)-1]
	return last
}
