package sim

// answer is the best that the reader can do, as a bare span.
func (r *reading) answer() string {
	if r.q.kind == kindYesNo {
		if r.q.either {
			if p, ok := r.choose(); ok {
				return r.nameOf(p)
			}
		}
		if r.yesNo() {
			return "yes"
		}
		return "no"
	}
	if r.q.either && r.q.kind != kindYesNo {
		if p, ok := r.choose(); ok {
			return r.nameOf(p)
		}
	}
	if c := r.bestCandidate(); c != nil {
		return c.text
	}
	return ""
}

func (r *reading) bestCandidate() *candidate {
	var best *candidate
	var top float64
	for i := range r.cands {
		if v := r.rank(&r.cands[i]); best == nil || v > top {
			best, top = &r.cands[i], v
		}
	}
	return best
}

// best2 returns the likeliest answer. Without both hops only the paragraph
// that fits the question best is looked at; without the right kind, what kind
// of answer was asked for is not.
func (r *reading) best2(bothHops, rightKind bool) *candidate {
	kind := r.q.kind
	if !rightKind {
		r.q.kind = kindThing
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
	r.q.kind = kind
	return best
}

func (r *reading) titleCandidate(para int) *candidate {
	for i := range r.cands {
		if r.cands[i].title && r.cands[i].para == para {
			return &r.cands[i]
		}
	}
	return nil
}
