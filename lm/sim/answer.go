package sim

// likeliest returns the likeliest answer, nil if there is none. Without both
// hops only the paragraph that fits the question best is looked at; without
// the right kind, what kind of answer was asked for is not minded.
func (r *reading) likeliest(bothHops, rightKind bool) *candidate {
	if !rightKind {
		careless := *r.q
		careless.kind = kindThing
		reread := *r
		reread.q = &careless
		r = &reread
	}
	var best *candidate
	var top float64
	for i := range r.cands {
		if !bothHops && r.cands[i].para != r.first {
			continue
		}
		if v := r.rank(&r.cands[i]); best == nil || v > top {
			best, top = &r.cands[i], v
		}
	}
	return best
}

// titleCandidate returns a paragraph's title as an answer, nil if it has none.
func (r *reading) titleCandidate(para int) *candidate {
	for i := range r.cands {
		if r.cands[i].title && r.cands[i].para == para {
			return &r.cands[i]
		}
	}
	return nil
}
