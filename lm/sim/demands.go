package sim

import "slices"

// demand is one way of asking for a habit: meanings that must come together
// in a sentence. Each slot is met by a word that has any of its meanings.
type demand struct {
	habit Habit
	slots []concept
	// inverse demands are met when their words are negated: "no sentences".
	inverse bool
	// reach is the widest stretch of words that may hold all slots.
	reach int
	// ordered demands need their words in the order of the slots.
	ordered bool
	// polar is how many slots, from the first, decide by being negated whether
	// the demand is made; 0 means all of them, -1 none.
	polar int
	// tentative demands are too loose to count against the habit when negated.
	tentative bool
}

func demands() []demand {
	return []demand{
		{habit: Bare, slots: []concept{cExtra}, inverse: true, reach: 1},
		{habit: Bare, slots: []concept{cSentence}, inverse: true, reach: 1},
		{habit: Bare, slots: []concept{cOnly, cName | cDate | cNumber | cTerm, cRespond | cAnswer}, reach: 9, tentative: true},
		{habit: Bare, slots: []concept{cLong, cAnswer}, inverse: true, reach: 9, polar: 1},
		{habit: Bare, slots: []concept{cSentence, cRespond}, inverse: true, reach: 6, polar: 1},
		{habit: Bare, slots: []concept{cReply, cShort}, reach: 6, ordered: true},
		{habit: Bare, slots: []concept{cOnly, cAsk}, reach: 6, tentative: true},
		{habit: Bare, slots: []concept{cAdd}, inverse: true, reach: 1},
		{habit: Bare, slots: []concept{cFew, cWords}, reach: 3},
		{habit: Bare, slots: []concept{cNothing, cElse}, reach: 3, polar: -1},
		{habit: Bare, slots: []concept{cEverything, cElse}, inverse: true, reach: 4, polar: 1, tentative: true},
		{habit: Bare, slots: []concept{cElse, cWords}, inverse: true, reach: 4, polar: 1, tentative: true},
		{habit: Bare, slots: []concept{cRespond, cElse, cElse, cAnswer | cTerm}, inverse: true, reach: 8, ordered: true, polar: 1, tentative: true},
		{habit: Bare, slots: []concept{cAnswer | cTerm, cNo, cElse}, reach: 5, ordered: true, tentative: true},
		{habit: Bare, slots: []concept{cOnly, cAnswer, cTerm}, reach: 7, ordered: true, tentative: true},
		{habit: Bare, slots: []concept{cLeast, cAnswer | cName | cWords}, reach: 4},
		{habit: Bare, slots: []concept{cRespond, cOnly, cTerm}, reach: 5, ordered: true},
		{habit: Bare, slots: []concept{cRespond, cShort, cPossible}, reach: 8, ordered: true},
		{habit: Verbatim, slots: []concept{cExact, cContext}, reach: 12},
		{habit: Verbatim, slots: []concept{cAlter, cExact | cContext | cAnswer | cWords}, inverse: true, reach: 10, polar: 1},
		{habit: Verbatim, slots: []concept{cExact, cAnswer | cCandidate}, reach: 10},
		{habit: Verbatim, slots: []concept{cSame, cWords | cExact, cContext}, reach: 8, ordered: true},
		{habit: Verbatim, slots: []concept{cOutside}, inverse: true, reach: 1},
		{habit: Verbatim, slots: []concept{cOnly, cContext}, reach: 8},
		{habit: FullNames, slots: []concept{cFull, cName}, reach: 7},
		{habit: FullNames, slots: []concept{cPart | cOmit, cName}, inverse: true, reach: 7, polar: 1},
		{habit: FullNames, slots: []concept{cSurname}, inverse: true, reach: 1},
		{habit: FullNames, slots: []concept{cFirst, cLast, cName}, reach: 9},
		{habit: FullNames, slots: []concept{cGiven, cSurname}, reach: 6},
		{habit: FullNames, slots: []concept{cName, cEverything, cIt}, reach: 9, ordered: true},
		{habit: PlainYesNo, slots: []concept{cYes, cNo}, reach: 7},
		{habit: BothHops, slots: []concept{cBoth, cHop}, reach: 3, ordered: true},
		{habit: Verbatim, slots: []concept{cAlter}, inverse: true, reach: 1},
		{habit: BothHops, slots: []concept{cHop, cLink | cSupport | cFollow | cExact}, reach: 14},
		{habit: BothHops, slots: []concept{cFollow | cLink, cBoth, cContext}, reach: 12, polar: 1},
		{habit: BothHops, slots: []concept{cFirst, cContext | cHop}, inverse: true, reach: 7, polar: 1},
		{habit: BothHops, slots: []concept{cHop, cFind, cDoc}, reach: 13},
		{habit: BothHops, slots: []concept{cLast, cFirst, cDoc}, reach: 14, polar: 1},
		{habit: BothHops, slots: []concept{cEach, cSupport, cDoc | cValue}, reach: 5},
		{habit: BothHops, slots: []concept{cElse, cFirst, cDoc}, reach: 9, polar: 1},
		{habit: BothHops, slots: []concept{cDoc, cName, cDoc}, reach: 22},
		{habit: BothHops, slots: []concept{cFind, cHop | cLink, cName}, reach: 6, ordered: true},
		{habit: BothHops, slots: []concept{cFind, cName, cDoc}, reach: 6, ordered: true},
		{habit: RightKind, slots: []concept{cKind, cAsk | cMatch | cQuestion}, reach: 10},
		{habit: RightKind, slots: []concept{cAsk, cDate | cPlaceType}, reach: 8, ordered: true},
		{habit: RightKind, slots: []concept{cDate | cPlaceType, cAsk}, reach: 4, ordered: true},
		{habit: RightKind, slots: []concept{cMatch, cQuestion, cAnswer | cCandidate}, reach: 10},
		{habit: Comparing, slots: []concept{cCompare, cDifferent | cQuestion}, reach: 12},
		{habit: Comparing, slots: []concept{cFind | cCheck | cCompare, cEach, cValue}, reach: 7},
		{habit: Comparing, slots: []concept{cCompare, cFind | cCheck, cEach}, reach: 10},
		{habit: FullDates, slots: []concept{cDay, cMonth}, reach: 4},
		{habit: FullDates, slots: []concept{cFull | cExact | cUnit, cDate | cNumber}, reach: 9},
		{habit: Checking, slots: []concept{cCheck, cCandidate | cAnswer, cSupport | cWrong}, reach: 14, polar: 1},
		{habit: Checking, slots: []concept{cCandidate, cSupport, cContext}, reach: 9, ordered: true, tentative: true},
		{habit: Checking, slots: []concept{cCandidate, cContext, cRepair}, reach: 14, ordered: true, polar: 1, tentative: true},
		{habit: Checking, slots: []concept{cCompare, cCandidate, cContext}, reach: 9},
		{habit: Checking, slots: []concept{cRepair, cWrong}, reach: 14},
		{habit: Checking, slots: []concept{cRepair, cCandidate, cSupport}, reach: 15, polar: 1},
		{habit: Checking, slots: []concept{cCheck, cAgainst, cContext}, reach: 9, polar: 1},
		{habit: Checking, slots: []concept{cCheck, cCandidate, cQuestion}, reach: 16, polar: 1},
		{habit: Checking, slots: []concept{cTrust, cCandidate}, inverse: true, reach: 5},
		{habit: BriefReasons, slots: []concept{cRationale, cLines}, reach: 9},
		{habit: BriefReasons, slots: []concept{cRationale, cShort}, reach: 8},
	}
}

// readClause adds what a clause asks for and what it forbids.
func (l lexicon) readClause(c clause, pro, contra *[habits]float64) {
	for _, d := range demands() {
		sign := c.meets(d)
		switch {
		case sign > 0:
			pro[d.habit]++
		case sign < 0 && !d.tentative && (!d.inverse || d.habit == Bare && len(d.slots) > 1):
			contra[d.habit]++
		}
	}
}

// meets returns 1 if the clause makes the demand, -1 if it makes the opposite
// one and 0 if it is about something else.
func (c clause) meets(d demand) int {
	for i, m := range c.means {
		if m&d.slots[0] == 0 {
			continue
		}
		at := c.place(d, i)
		if at == nil {
			continue
		}
		polar := d.polar
		if polar == 0 {
			polar = len(at)
		}
		negated := false
		for _, j := range at[:max(polar, 0)] {
			negated = negated || c.negated[j]
		}
		if negated != d.inverse {
			return -1
		}
		return 1
	}
	return 0
}

// place returns a word for every slot, the first at i, or nil.
func (c clause) place(d demand, i int) []int {
	at := []int{i}
	from, to := i, i
	for _, slot := range d.slots[1:] {
		j := c.nearest(slot, at, d)
		if j < 0 {
			return nil
		}
		at = append(at, j)
		from, to = min(from, j), max(to, j)
	}
	if to-from >= d.reach {
		return nil
	}
	return at
}

// nearest returns the word nearest to the first slot's that has a meaning and
// is not taken yet; in ordered demands it comes after the last one taken.
func (c clause) nearest(slot concept, taken []int, d demand) int {
	i, last := taken[0], taken[len(taken)-1]
	for gap := 1; gap < max(d.reach, 2); gap++ {
		for _, j := range [2]int{i + gap, i - gap} {
			if j < 0 || j >= len(c.means) || c.means[j]&slot == 0 || slices.Contains(taken, j) || d.ordered && j < last {
				continue
			}
			return j
		}
	}
	return -1
}
