package world

import (
	"slices"
	"strings"
)

// pairs is how many pairs are tried for each comparison headline.
const pairs = 60

// comparisons returns comparison questions: which of two, yes or no, and what
// two things have in common.
func (a *asker) comparisons() []question {
	var all []question
	for _, head := range a.heads {
		f := strings.Fields(head)
		if f[0] != "compare" && f[0] != "same" && f[0] != "shared" {
			continue
		}
		d := a.draw("compare " + head)
		members := a.members(f[1])
		for range pairs {
			x, y := pick(d, members), pick(d, members)
			if x == y {
				continue
			}
			if f[0] != "compare" && f[2] != "film" && d.chance(60) {
				y = a.partner(d, members, x, f[2])
			}
			var q question
			switch f[0] {
			case "compare":
				q = a.which(d, head, x, y, f[2], f[3] == "larger")
			case "same":
				q = a.same(d, head, x, y, f[2])
			default:
				q = a.shared(d, head, x, y, f[2])
			}
			if q.text != "" && q.stated() {
				all = append(all, q)
			}
		}
	}
	return all
}

// partner returns another member with the same value, or y's stand-in at random.
func (a *asker) partner(d *draw, members []*entity, x *entity, key string) *entity {
	var alike []*entity
	for _, m := range members {
		if m != x && m.has(key) && agree(m.attrs[key], x.attrs[key]) {
			alike = append(alike, m)
		}
	}
	if len(alike) == 0 {
		return pick(d, members)
	}
	return pick(d, alike)
}

// pairNames are how the two things are named: outright, and as barely as
// reads well.
func pairNames(x *entity) string {
	switch x.kind {
	case "film", "novel", "album", "opera", "painting":
		return `"` + x.name + `"`
	case "university", "museum", "award", "battle", "river", "species", "railway":
		return "the " + x.name
	}
	return x.name
}

func (a *asker) pairText(d *draw, head string, x, y *entity) string {
	line := pick(d, a.lines[head])
	line = strings.NewReplacer("{X}", pairNames(x), "{Y}", pairNames(y), "{X!}", x.name, "{Y!}", y.name, "{X.", "{").Replace(line)
	f := filler{d: d, e: x}
	return fixArticles(f.fill(line))
}

func pairFacts(x, y *entity, key string) []fact { return []fact{{x, key}, {y, key}} }

// which asks which of two has the smaller or larger value.
func (a *asker) which(d *draw, head string, x, y *entity, key string, larger bool) question {
	if !x.has(key) || !y.has(key) {
		return question{}
	}
	nx, ny := x.num(key), y.num(key)
	if nx == ny || key == "born" && x.num("bornYear") == y.num("bornYear") || x.kind != y.kind && d.chance(70) {
		return question{}
	}
	winner := x
	if (ny > nx) == larger {
		winner = y
	}
	return question{
		text: a.pairText(d, head, x, y), answer: winner.name, kind: "comparison", level: "medium",
		form: "compare " + x.kind + key, subjects: []*entity{x, y}, facts: pairFacts(x, y, key),
	}
}

// same asks whether two agree.
func (a *asker) same(d *draw, head string, x, y *entity, key string) question {
	if y == x || !x.has(key) || !y.has(key) {
		return question{}
	}
	answer := "no"
	if agree(x.attrs[key], y.attrs[key]) {
		answer = "yes"
	}
	return question{
		text: a.pairText(d, head, x, y), answer: answer, kind: "comparison", level: "easy",
		form: answer + " " + key, subjects: []*entity{x, y}, facts: pairFacts(x, y, key),
	}
}

// shared asks for what two have in common. An actor's film is under either of
// two keys.
func (a *asker) shared(d *draw, head string, x, y *entity, key string) question {
	if key == "film" {
		return a.sharedFilm(d, head)
	}
	if y == x || !x.has(key) || !agree(x.attrs[key], y.attrs[key]) {
		return question{}
	}
	text, answer := a.pairText(d, head, x, y), x.attrs[key].text
	if strings.Contains(text, answer) || key == "occ" && x.attrs["occ2"].text != "" && agree(x.attrs["occ2"], y.attrs["occ2"]) {
		return question{}
	}
	return question{
		text: text, answer: answer, kind: "comparison", level: "medium", form: "shared " + key,
		subjects: []*entity{x, y}, facts: pairFacts(x, y, key),
	}
}

// sharedFilm asks for the one film in which two actors appeared together,
// where both of their articles name it.
func (a *asker) sharedFilm(d *draw, head string) question {
	film := pick(d, a.byKind["film"])
	x, y := film.ref("star1"), film.ref("star2")
	together := func(f *entity) bool {
		return slices.Contains([]*entity{x, y}, f.ref("star1")) && slices.Contains([]*entity{x, y}, f.ref("star2"))
	}
	count := 0
	for _, f := range a.byKind["film"] {
		if together(f) {
			count++
		}
	}
	role := func(p *entity) string {
		if p.ref("film1") == film {
			return "film1"
		}
		return "film2"
	}
	if count != 1 || x.ref(role(x)) != film || y.ref(role(y)) != film {
		return question{}
	}
	return question{
		text: a.pairText(d, head, x, y), answer: film.name, kind: "bridge", level: "hard", form: "shared film",
		subjects: []*entity{x, y}, facts: []fact{{x, role(x)}, {y, role(y)}},
	}
}

// stated reports whether the articles state every fact, and in the answer's
// own words where the answer is not yes or no.
func (q question) stated() bool {
	for _, f := range q.facts {
		if f.of.stating(f.key) < 0 {
			return false
		}
	}
	if q.answer == "yes" || q.answer == "no" {
		return true
	}
	return strings.Contains(q.subjects[0].text(), q.answer) || strings.Contains(q.subjects[1].text(), q.answer)
}
