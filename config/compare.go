package config

import (
	"strconv"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// Member returns a candidate of the run by its name: a number, "seed",
// "winner" (also "") or, of the candidate of, "parent". Its errors match
// ErrUsage.
func (k *Kept) Member(name string, of int) (gepa.Member, error) {
	s := k.Story.State
	best, ok := s.Best()
	if !ok {
		return best, usagef("the run in %s has no candidate yet: not even its base was validated", k.Folder)
	}
	pool := s.Pool()
	switch name {
	case "", "winner":
		return best, nil
	case "seed", "base":
		return pool[0], nil
	case "parent":
		if of < 0 || of >= len(pool) || len(pool[of].Parents) == 0 {
			return best, usagef("candidate %d of %s is the base and has no parent", of, k.Folder)
		}
		return pool[pool[of].Parents[0]], nil
	}
	id, err := strconv.Atoi(name)
	if err != nil {
		return best, usagef("%q names no candidate: want a number, seed, parent or winner", name)
	}
	if id < 0 || id >= len(pool) {
		return best, usagef("candidate %d: the run in %s has candidates 0 to %d", id, k.Folder, len(pool)-1)
	}
	return pool[id], nil
}

// Diff compares two candidates of the run, by their names (see [Kept.Member]).
func (k *Kept) Diff(candidate, against string) (report.Diff, error) {
	one, err := k.Member(candidate, -1)
	if err != nil {
		return report.Diff{}, err
	}
	two, err := k.Member(orDefault(against, "seed"), one.ID)
	if err != nil {
		return report.Diff{}, err
	}
	return report.NewDiff(k.Story.State, one.ID, two.ID, k.anySimulated())
}

// anySimulated reports whether a simulated model played any role.
func (k *Kept) anySimulated() bool {
	_, m := k.names()
	return m.Task.Simulated || m.Reflection.Simulated || m.Judge.Simulated
}
