// Package world makes the invented world behind the demonstration data: a
// knowledge base of people, places, works and institutions that never were,
// the articles an encyclopaedia of it would hold, and multi-hop questions in
// HotpotQA's distractor form whose answers are checked against the knowledge
// base.
//
// Everything follows from the name of the split; there is no other input.
package world

import (
	"fmt"
	"slices"
)

// A world is the knowledge base of one split.
type world struct {
	split     string
	countries []country
	// entities holds every entity in the order of its making.
	entities []*entity
	byKind   map[string][]*entity
	people   []*entity
	names    map[string]bool
	titles   *titler
}

// A country is a culture and what was made from it.
type country struct {
	culture
	surnames         []string
	towns, mountains []*entity
}

// newWorld populates the world of a split and writes its articles.
func newWorld(split string) (*world, error) {
	w := &world{split: split, byKind: map[string][]*entity{}, names: map[string]bool{}}
	for _, c := range cultures(split) {
		w.countries = append(w.countries, country{culture: c})
	}
	w.geography()
	w.titles = &titler{
		d: w.draw("titles"), words: titleVocabulary(split), seen: map[string]bool{},
	}
	for _, t := range w.byKind["town"] {
		w.titles.towns = append(w.titles.towns, t.name)
	}
	w.populate()
	w.institutions()
	w.works()
	w.events()
	w.lives()
	prose, err := loadProse()
	if err != nil {
		return nil, err
	}
	for _, e := range w.entities {
		if err := prose.write(w.draw("article "+e.kind+" "+e.name), e); err != nil {
			return nil, fmt.Errorf("article %q: %w", e.name, err)
		}
		e.index()
	}
	return w, nil
}

func (w *world) draw(purpose string) *draw { return newDraw(w.split, purpose) }

// add puts a new entity into the world. A name is used once in a world.
func (w *world) add(kind, name string) *entity {
	if w.names[name] {
		panic("world: name used twice: " + name)
	}
	w.names[name] = true
	e := &entity{kind: kind, name: name, attrs: map[string]value{}}
	e.set("name", name)
	w.entities = append(w.entities, e)
	w.byKind[kind] = append(w.byKind[kind], e)
	return e
}

// free returns the first of the names that is not taken, or "".
func (w *world) free(names ...string) string {
	for _, n := range names {
		if !w.names[n] {
			return n
		}
	}
	return ""
}

// near returns a country, the given one in two cases of three.
func (w *world) near(d *draw, home int) int {
	if d.chance(66) {
		return home
	}
	return d.intn(len(w.countries))
}

// town returns a town of a country or, now and then, of another.
func (w *world) town(d *draw, home int) *entity {
	return pick(d, w.countries[w.near(d, home)].towns)
}

// geography makes mountains, rivers and towns.
func (w *world) geography() {
	for i := range w.countries {
		c := &w.countries[i]
		d := w.draw("geography " + c.country)
		for _, name := range c.peaks {
			m := w.add("mountain", name)
			w.place(m, c, pick(d, c.regions))
			m.setQuantity("height", d.between(1240, 4390), pick(d, words("metres m")))
			m.set("rock", pick(d, phrases("granite; limestone; slate; basalt; gneiss; sandstone")))
			c.mountains = append(c.mountains, m)
		}
		mouths := map[string][]string{
			"train": phrases("the Sound of Arve; Lake Merrin; the Gulf of Sorn; the Grey Sea; the Bay of Tolm"),
			"dev":   phrases("the Gulf of Ondre; Lake Ushan; the Amber Sea; the Strait of Quill; the Bay of Lerm"),
		}[w.split]
		for _, name := range c.rivers {
			r := w.add("river", name+" River")
			w.place(r, c, pick(d, c.regions))
			r.set("short", name)
			r.setQuantity("length", d.between(84, 1190), pick(d, words("kilometres km")))
			r.setRef("source", pick(d, c.mountains))
			r.set("mouth", pick(d, mouths))
		}
		rivers := w.byKind["river"][len(w.byKind["river"])-len(c.rivers):]
		for _, name := range combine(d, c.townStems, c.townEnds, 9) {
			t := w.add("town", name)
			w.place(t, c, pick(d, c.regions))
			t.setRef("river", pick(d, rivers))
			t.setQuantity("pop", d.between(3200, 268000), "")
			t.setQuantity("elev", d.between(12, 890), pick(d, words("metres m")))
			t.setYear("charter", d.between(1042, 1690))
			t.set("product", pick(d, phrases("glassware; linen; clocks; salted herring; copperware; porcelain; leather gloves; sheep's cheese; paper; dried apricots; church bells; saffron; cutlery; roof tiles; wool; brandy")))
			t.set("sort", townSort(t.num("pop")))
			c.towns = append(c.towns, t)
		}
	}
	towns := w.byKind["town"]
	d := w.draw("twins")
	pairs := slices.Clone(towns)
	shuffle(d, pairs)
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i].setRef("twin", pairs[i+1])
		pairs[i+1].setRef("twin", pairs[i])
	}
}

// place says where something is.
func (w *world) place(e *entity, c *country, region string) {
	e.set("country", c.country)
	e.set("nat", c.demonym)
	e.set("region", region)
}

func townSort(population int) string {
	switch {
	case population > 90000:
		return "city"
	case population > 20000:
		return "town"
	default:
		return "small town"
	}
}
