package dataset

import (
	"fmt"

	"github.com/gepa-go/gepa"
)

// A Set is a list of examples with the name it goes by in errors, for instance
// "train" or "dev".
type Set struct {
	Name     string
	Examples []gepa.Example
}

// An OverlapError says that sets which must not share an example do.
type OverlapError struct {
	// First and Second name the two sets of the first overlap found.
	First, Second string
	// FirstID and SecondID are the example's id in each.
	FirstID, SecondID string
	// SameID and SameContent say in what the two are equal: one or both.
	SameID, SameContent bool
	// Count is the number of examples, in whatever sets, that an earlier set
	// has already; at least 1.
	Count int
}

// Error names the first overlap and counts the others.
func (e *OverlapError) Error() string {
	how := "the same content"
	switch {
	case e.SameID && e.SameContent:
		how = "the same id and content"
	case e.SameID:
		how = "the same id"
	}
	more := ""
	if e.Count > 1 {
		more = fmt.Sprintf(", and so with %s more", count(e.Count-1, "example"))
	}
	return fmt.Sprintf("%s and %s overlap: example %q of %s has %s as example %q of %s%s: "+
		"what is learned from cannot also measure; take these examples out of one of the sets",
		e.First, e.Second, e.SecondID, e.Second, how, e.FirstID, e.First, more)
}

// CheckDisjoint returns an [*OverlapError] if an example of one set is also in
// another, by id or by content ([gepa.Example.Hash]), and nil if none is. The
// sets are looked at in the order given. Repetitions within a set are not its
// business.
func CheckDisjoint(sets ...Set) error {
	type place struct {
		set int
		id  string
	}
	byID, byHash := map[string]place{}, map[string]place{}
	var overlap *OverlapError
	for i, set := range sets {
		for _, ex := range set.Examples {
			hash := ex.Hash()
			idPlace, sameID := byID[ex.ID]
			hashPlace, sameContent := byHash[hash]
			sameID = sameID && idPlace.set != i
			sameContent = sameContent && hashPlace.set != i
			switch {
			case !sameID && !sameContent:
			case overlap != nil:
				overlap.Count++
			default:
				first := idPlace
				if !sameID {
					first = hashPlace
				}
				overlap = &OverlapError{
					First: sets[first.set].Name, FirstID: first.id, Second: set.Name, SecondID: ex.ID,
					SameID: sameID, SameContent: sameContent && hashPlace == first, Count: 1,
				}
			}
			if _, ok := byID[ex.ID]; !ok {
				byID[ex.ID] = place{i, ex.ID}
			}
			if _, ok := byHash[hash]; !ok {
				byHash[hash] = place{i, ex.ID}
			}
		}
	}
	if overlap != nil {
		return overlap
	}
	return nil
}
