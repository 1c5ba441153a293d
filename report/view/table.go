package view

import "slices"

// A table holds rows by their keys 0, 1, 2 …, and knows which changed after a
// position without looking at the others: the rows are linked in the order of
// their last change.
type table[R any] struct {
	rows    []R
	changed []Position
	older   []int // the row that changed before this one; -1 if none
	newer   []int
	last    int // the row that changed last; -1 if there is none
}

func newTable[R any]() table[R] { return table[R]{last: -1} }

// add adds the next row.
func (t *table[R]) add(row R, at Position) {
	t.rows = append(t.rows, row)
	t.changed = append(t.changed, at)
	t.older = append(t.older, -1)
	t.newer = append(t.newer, -1)
	t.append(len(t.rows) - 1)
}

// touch returns a row that is about to change.
func (t *table[R]) touch(i int, at Position) *R {
	t.changed[i] = at
	if t.last != i {
		t.unlink(i)
		t.append(i)
	}
	return &t.rows[i]
}

func (t *table[R]) append(i int) {
	t.older[i], t.newer[i] = t.last, -1
	if t.last >= 0 {
		t.newer[t.last] = i
	}
	t.last = i
}

func (t *table[R]) unlink(i int) {
	older, newer := t.older[i], t.newer[i]
	if older >= 0 {
		t.newer[older] = newer
	}
	if newer >= 0 {
		t.older[newer] = older
	}
}

// after returns the rows that changed after a position, by key.
func (t *table[R]) after(p Position) []R {
	var keys []int
	for i := t.last; i >= 0 && t.changed[i] > p; i = t.older[i] {
		keys = append(keys, i)
	}
	slices.Sort(keys)
	var out []R
	for _, i := range keys {
		out = append(out, t.rows[i])
	}
	return out
}

// all returns all rows; never nil.
func (t *table[R]) all() []R { return append([]R{}, t.rows...) }
