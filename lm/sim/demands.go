package sim

// demand is one way of asking for a habit: meanings that must come together
// in a sentence. Each slot is met by a word that has any of its meanings.
type demand struct {
	habit Habit
	slots []concept
	// inverse demands are met when their words are negated: "no sentences".
	inverse bool
	// reach is the widest stretch of words that may hold all slots.
	reach int
}

func demands() []demand {
	return []demand{
		{habit: Bare, slots: []concept{cExtra}, inverse: true, reach: 1},
		{habit: Bare, slots: []concept{cSentence}, inverse: true, reach: 1},
		{habit: Bare, slots: []concept{cOnly, cName | cDate | cNumber, cRespond | cAnswer}, reach: 9},
		{habit: Bare, slots: []concept{cLong, cAnswer}, inverse: true, reach: 9},
		{habit: Bare, slots: []concept{cRespond, cSentence}, inverse: true, reach: 6},
		{habit: Verbatim, slots: []concept{cExact, cContext}, reach: 12},
		{habit: Verbatim, slots: []concept{cExact, cAnswer | cCandidate}, reach: 10},
		{habit: Verbatim, slots: []concept{cOutside}, inverse: true, reach: 1},
		{habit: FullNames, slots: []concept{cFull, cName}, reach: 7},
		{habit: FullNames, slots: []concept{cPart, cName}, inverse: true, reach: 7},
		{habit: PlainYesNo, slots: []concept{cYes, cNo}, reach: 7},
		{habit: BothHops, slots: []concept{cHop, cLink | cSupport | cFollow | cExact}, reach: 14},
		{habit: BothHops, slots: []concept{cFollow | cLink, cBoth, cContext}, reach: 12},
		{habit: BothHops, slots: []concept{cFirst, cContext | cHop}, inverse: true, reach: 7},
		{habit: RightKind, slots: []concept{cKind, cAsk | cMatch | cQuestion}, reach: 10},
		{habit: RightKind, slots: []concept{cAsk, cDate | cPlaceType}, reach: 8},
		{habit: RightKind, slots: []concept{cMatch, cQuestion, cAnswer | cCandidate}, reach: 10},
		{habit: Comparing, slots: []concept{cCompare, cDifferent | cQuestion}, reach: 12},
		{habit: FullDates, slots: []concept{cFull | cExact | cUnit, cDate | cNumber}, reach: 9},
		{habit: Checking, slots: []concept{cCheck, cCandidate | cAnswer, cSupport | cWrong}, reach: 14},
		{habit: Checking, slots: []concept{cRepair, cWrong}, reach: 14},
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
		case sign < 0 && (!d.inverse || len(d.slots) > 1):
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
		from, to, negated := i, i, c.negated[i]
		met := true
		for _, slot := range d.slots[1:] {
			j := c.nearest(slot, i, d.reach)
			if j < 0 {
				met = false
				break
			}
			from, to = min(from, j), max(to, j)
			negated = negated || c.negated[j]
		}
		if !met || to-from >= d.reach {
			continue
		}
		if negated != d.inverse {
			return -1
		}
		return 1
	}
	return 0
}

// nearest returns the word nearest to i, other than i, that has the meaning.
func (c clause) nearest(slot concept, i, reach int) int {
	for gap := 1; gap < reach; gap++ {
		if j := i + gap; j < len(c.means) && c.means[j]&slot != 0 {
			return j
		}
		if j := i - gap; j >= 0 && c.means[j]&slot != 0 {
			return j
		}
	}
	return -1
}
