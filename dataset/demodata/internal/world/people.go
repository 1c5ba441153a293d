package world

import (
	"fmt"
	"slices"
)

// A role is a walk of life: how many people follow it, how the articles name
// it, and when its people were born.
type role struct {
	kind     string // the role's key in world.roles
	count    int
	names    []string // synonyms: the occupation as stated
	second   []string // what some of them were as well
	from, to int      // years of birth
}

func roles() []role {
	return []role{
		{"director", 13, phrases("film director"), phrases("screenwriter; film producer; stage actor; photographer"), 1878, 1958},
		{"actor", 22, phrases("actor; actor; stage actor"), phrases("dancer; singer; theatre manager; painter"), 1884, 1972},
		{"composer", 13, phrases("composer"), phrases("pianist; conductor; organist; cellist"), 1840, 1962},
		{"novelist", 16, phrases("novelist; novelist; writer"), phrases("poet; essayist; journalist; playwright; translator"), 1822, 1966},
		{"singer", 18, phrases("singer"), phrases("songwriter; guitarist; record producer; actress"), 1944, 1984},
		{"producer", 7, phrases("record producer"), phrases("sound engineer; bass player; songwriter"), 1936, 1978},
		{"engineer", 12, phrases("civil engineer"), phrases("surveyor; inventor; mathematician"), 1798, 1912},
		{"architect", 8, phrases("architect"), phrases("furniture designer; town planner; sculptor"), 1820, 1948},
		{"general", 15, phrases("general; army officer"), phrases("diplomat; politician; cartographer"), 1738, 1868},
		{"naturalist", 12, phrases("naturalist; botanist; zoologist"), phrases("physician; illustrator; explorer; priest"), 1766, 1948},
		{"industrialist", 20, phrases("industrialist; businessman; entrepreneur"), phrases("philanthropist; politician; inventor; collector"), 1802, 1944},
		{"manager", 12, phrases("football manager"), phrases("former goalkeeper; former defender; former striker; former midfielder"), 1951, 1979},
		{"editor", 9, phrases("journalist; magazine editor"), phrases("critic; essayist; translator; suffragist"), 1858, 1964},
		{"painter", 8, phrases("painter"), phrases("engraver; teacher; sculptor; stage designer"), 1790, 1930},
		{"climber", 7, phrases("mountaineer"), phrases("photographer; physician; geologist; lawyer"), 1828, 1938},
		{"poet", 7, phrases("poet; playwright"), phrases("librettist; journalist; translator; schoolteacher"), 1830, 1930},
	}
}

// populate fills the world with persons, role by role, spread over the countries.
func (w *world) populate() {
	for i := range w.countries {
		c := &w.countries[i]
		c.surnames = combine(w.draw("surnames "+c.country), c.surStems, c.surEnds, 24)
	}
	for _, r := range roles() {
		for i := range r.count {
			w.person(w.draw(fmt.Sprintf("person %s %d", r.kind, i)), r)
		}
	}
}

func (w *world) person(d *draw, r role) {
	home := d.intn(len(w.countries))
	c := &w.countries[home]
	male := d.chance(60)
	if r.kind == "general" || r.kind == "manager" {
		male = true
	}
	given := c.women
	if male {
		given = c.men
	}
	var name, first, last string
	for name == "" || w.names[name] {
		first, last = pick(d, given), pick(d, c.surnames)
		name = first + " " + last
	}
	p := w.add(r.kind, name)
	p.person, p.male = true, male
	w.people = append(w.people, p)
	p.set("short", last)
	p.set("given", first)
	full := name
	if d.chance(70) {
		middle := pick(d, given)
		for middle == first {
			middle = pick(d, given)
		}
		full = first + " " + middle + " " + last
	}
	p.set("full", full)
	occ := pick(d, r.names)
	if !male && occ == "businessman" {
		occ = "businesswoman"
	}
	if !male && occ == "actor" {
		occ = "actress"
	}
	p.set("occ", occ)
	if second := pick(d, r.second); d.chance(55) && !(male && second == "actress") {
		p.set("occ2", second)
	}
	born := d.date(d.between(r.from, r.to))
	monthFirst := d.chance(25)
	p.setDate("born", born, monthFirst)
	birthplace := pick(d, c.towns)
	p.setRef("birthplace", birthplace)
	// A few made their lives, and have their nationality, elsewhere.
	if d.chance(12) {
		c = &w.countries[d.intn(len(w.countries))]
	}
	p.set("nat", c.demonym)
	p.set("home", c.country)
	if died := born.year + d.between(41, 88); died < 2009 && born.year < 1950 {
		p.setDate("died", d.date(died), monthFirst)
		if t := pick(d, c.towns); t != birthplace {
			p.setRef("deathplace", t)
		}
	}
	if r.kind == "singer" && d.chance(60) {
		p.set("birthName", full)
		stage := first + " " + pick(d, w.titles.words.adjectives)
		if w.names[stage] {
			stage = first + " " + pick(d, w.titles.words.nouns)
		}
		if !w.names[stage] {
			w.rename(p, stage)
			p.set("full", stage)
			p.set("short", stage[len(first)+1:])
		} else {
			delete(p.attrs, "birthName")
		}
	}
}

// rename gives an entity another title.
func (w *world) rename(e *entity, name string) {
	delete(w.names, e.name)
	w.names[name] = true
	e.name = name
	e.set("name", name)
}

// personKinds are the kinds of entity that are persons.
func personKinds() []string {
	var kinds []string
	for _, r := range roles() {
		kinds = append(kinds, r.kind)
	}
	return kinds
}

// adult returns a person of a kind who was at least 22 and not dead in a year,
// of the given country in two cases of three, or nil if there is none.
func (w *world) adult(d *draw, kind string, year int, nat string) *entity {
	var at, abroad []*entity
	for _, p := range w.byKind[kind] {
		if p.num("bornYear")+22 > year || p.has("died") && p.num("diedYear") < year ||
			!p.has("died") && p.num("bornYear")+70 < year {
			continue
		}
		abroad = append(abroad, p)
		if p.attrs["nat"].text == nat {
			at = append(at, p)
		}
	}
	if len(at) > 0 && d.chance(66) {
		return pick(d, at)
	}
	if len(abroad) == 0 {
		return nil
	}
	return pick(d, abroad)
}

// lives adds what depends on the rest of the world: schools, teachers,
// spouses, prizes, and the works by which people are known.
func (w *world) lives() {
	persons := w.people
	for _, p := range persons {
		d := w.draw("life " + p.name)
		year := p.num("bornYear")
		var schools, teachers, spouses []*entity
		for _, u := range w.byKind["university"] {
			if u.num("founded") < year+15 {
				schools = append(schools, u)
			}
		}
		for _, q := range persons {
			gap := year - q.num("bornYear")
			if q.kind == p.kind && gap > 15 && gap < 45 {
				teachers = append(teachers, q)
			}
			if q.male != p.male && gap > -12 && gap < 12 && !q.has("spouse") {
				spouses = append(spouses, q)
			}
		}
		if len(schools) > 0 && d.chance(60) && p.kind != "manager" {
			p.setRef("school", pick(d, schools))
		}
		if len(teachers) > 0 && d.chance(35) && p.kind != "manager" && p.kind != "general" {
			p.setRef("teacher", pick(d, teachers))
		}
		if len(spouses) > 0 && d.chance(40) && !p.has("spouse") {
			s := pick(d, spouses)
			p.setRef("spouse", s)
			s.setRef("spouse", p)
		}
		w.prize(d, p)
	}
	w.knownFor()
}

// eligible returns the walks of life that can win an award of a field.
func eligible(field string) []string {
	return map[string][]string{
		"literature":           words("novelist poet editor"),
		"poetry":               words("poet novelist"),
		"music":                words("composer singer producer"),
		"the natural sciences": words("naturalist climber"),
		"engineering":          words("engineer industrialist architect"),
		"the visual arts":      words("painter director architect"),
		"film":                 words("director actor"),
		"architecture":         words("architect engineer"),
		"journalism":           words("editor novelist"),
	}[field]
}

// prize gives a person an award that existed in time.
func (w *world) prize(d *draw, p *entity) {
	var awards []*entity
	for _, a := range w.byKind["award"] {
		if slices.Contains(eligible(a.attrs["field"].text), p.kind) && a.num("founded") > p.num("bornYear")+25 && a.ref("namesake") != p && a.num("founded") < p.num("bornYear")+60 {
			awards = append(awards, a)
		}
	}
	if len(awards) == 0 || !d.chance(75) {
		return
	}
	a := pick(d, awards)
	year := max(a.num("founded"), p.num("bornYear")+25) + d.intn(10)
	if p.has("died") && year > p.num("diedYear") || year > 2012 {
		return
	}
	p.setRef("award", a)
	p.setYear("awardYear", year)
}

// knownFor points from people to one of their works. A person with several
// works keeps the others out of the article, so that a question about those
// needs both paragraphs.
func (w *world) knownFor() {
	for _, link := range []struct{ kind, key, back string }{
		{"film", "director", "work"},
		{"novel", "author", "work"},
		{"opera", "composer", "work"},
		{"painting", "painter", "work"},
		{"bridge", "engineer", "work"},
		{"museum", "architect", "work"},
		{"album", "producer", "work"},
		{"species", "describer", "work"},
	} {
		for _, e := range w.byKind[link.kind] {
			if p := e.ref(link.key); p != nil {
				p.setRef(link.back, e)
			}
		}
	}
	for _, f := range w.byKind["film"] {
		for _, key := range []string{"star1", "star2"} {
			p := f.ref(key)
			switch {
			case !p.has("film1"):
				p.setRef("film1", f)
			case !p.has("film2"):
				p.setRef("film2", f)
			}
		}
	}
}
