package world

// events makes bridges, railways, ships, battles, species and first ascents.
func (w *world) events() {
	w.make("bridge", 20, w.bridge)
	w.make("railway", 13, w.railway)
	w.make("ship", 13, w.ship)
	w.make("battle", 18, w.battle)
	w.make("species", 26, w.species)
	for _, m := range w.byKind["mountain"] {
		d := w.draw("ascent " + m.name)
		for range tries {
			year := d.between(1856, 1962)
			if p := w.adult(d, "climber", year, m.attrs["nat"].text); p != nil {
				m.setRef("climber", p)
				m.setYear("ascent", year)
				break
			}
		}
	}
}

func (w *world) bridge(d *draw, home int, nat string) bool {
	year := d.between(1834, 1974)
	engineer := w.adult(d, "engineer", year, nat)
	town := pick(d, w.countries[home].towns)
	if engineer == nil {
		return false
	}
	name := w.free(
		pick(d, []string{"Old " + town.name, "New " + town.name, engineer.attrs["short"].text, pick(d, w.titles.words.abstracts), town.name})+" Bridge",
		pick(d, w.titles.words.adjectives)+" Bridge")
	if name == "" {
		return false
	}
	b := w.add("bridge", name)
	b.setDate("opened", d.date(year), d.chance(20))
	b.set("country", w.countries[home].country)
	b.setRef("engineer", engineer)
	b.setRef("town", town)
	b.setRef("river", town.ref("river"))
	b.setQuantity("length", d.between(64, 1480), pick(d, words("metres metres m")))
	b.set("type", pick(d, phrases("stone arch; suspension; steel truss; cantilever; wrought-iron; concrete arch")))
	if year < 1900 && b.attrs["type"].text == "concrete arch" {
		b.set("type", "stone arch")
	}
	return true
}

func (w *world) railway(d *draw, home int, nat string) bool {
	year := d.between(1846, 1934)
	engineer := w.adult(d, "engineer", year, nat)
	c := &w.countries[home]
	from, to := pick(d, c.towns), pick(d, c.towns)
	name := w.free(from.name+"–"+to.name+" Railway", to.ref("river").attrs["short"].text+" Valley Railway")
	if engineer == nil || from == to || name == "" {
		return false
	}
	r := w.add("railway", name)
	r.setYear("opened", year)
	r.set("country", c.country)
	r.setRef("engineer", engineer)
	r.setRef("from", from)
	r.setRef("to", to)
	r.setQuantity("length", d.between(18, 312), pick(d, words("kilometres km")))
	r.setQuantity("tunnels", d.between(3, 38), "")
	return true
}

func (w *world) ship(d *draw, _ int, nat string) bool {
	year := d.between(1852, 1958)
	builder := w.firm(d, year, "shipyard")
	namesake := pick(d, append(append([]*entity{}, w.byKind["general"]...), w.byKind["naturalist"]...))
	if builder == nil || !namesake.has("died") || namesake.num("diedYear") > year {
		return false
	}
	name := w.free("SS "+namesake.attrs["given"].text+" "+namesake.attrs["short"].text, "MV "+namesake.name)
	if name == "" {
		return false
	}
	s := w.add("ship", name)
	s.setYear("launched", year)
	s.set("nat", nat)
	s.set("type", pick(d, phrases("steam ferry; cargo steamer; ocean liner; survey ship; training ship; passenger steamer")))
	s.setRef("builder", builder)
	s.setRef("namesake", namesake)
	s.setQuantity("length", d.between(41, 214), "metres")
	s.setQuantity("crew", d.between(18, 340), "")
	return true
}

func (w *world) battle(d *draw, home int, nat string) bool {
	year := d.between(1772, 1909)
	winner, loser := w.adult(d, "general", year, nat), w.adult(d, "general", year, w.countries[w.homeOf(d)].demonym)
	if winner == nil || loser == nil || winner.attrs["nat"].text == loser.attrs["nat"].text {
		return false
	}
	town := pick(d, w.countries[home].towns)
	name := w.free("Battle of "+town.name, "Siege of "+town.name)
	if name == "" {
		return false
	}
	b := w.add("battle", name)
	b.setDate("fought", d.date(year), d.chance(20))
	b.setRef("town", town)
	b.setRef("winner", winner)
	b.setRef("loser", loser)
	b.set("winners", winner.attrs["nat"].text)
	b.set("losers", loser.attrs["nat"].text)
	b.set("country", w.countries[home].country)
	b.setQuantity("dead", d.between(7, 180)*50, "")
	b.set("war", "the "+pick(d, words("Saltpetre Succession Border Tariff Winter Straits"))+" War")
	return true
}

func (w *world) species(d *draw, home int, nat string) bool {
	year := d.between(1798, 1992)
	describer := w.adult(d, "naturalist", year, nat)
	if describer == nil {
		return false
	}
	sorts := []struct{ noun, family, latin, size string }{
		{"moth", "Noctuidae", "Catocala", "millimetres"}, {"beetle", "Carabidae", "Carabus", "millimetres"},
		{"lizard", "Lacertidae", "Lacerta", "centimetres"}, {"frog", "Ranidae", "Rana", "millimetres"},
		{"orchid", "Orchidaceae", "Ophrys", "centimetres"}, {"thistle", "Asteraceae", "Carduus", "centimetres"},
		{"warbler", "Phylloscopidae", "Phylloscopus", "centimetres"}, {"trout", "Salmonidae", "Salmo", "centimetres"},
		{"gentian", "Gentianaceae", "Gentiana", "centimetres"}, {"vole", "Cricetidae", "Microtus", "millimetres"},
	}
	s := pick(d, sorts)
	c := &w.countries[home]
	first := pick(d, []string{c.demonym + " ", describer.attrs["short"].text + " ", pick(d, c.culture.rivers) + " "})
	name := w.free(first+pick(d, words("spotted banded golden dwarf mountain"))+" "+s.noun, first+s.noun)
	if name == "" {
		return false
	}
	latin := s.latin + " " + pick(d, words("montana obscura fluvialis elegans solitaria minuta aurata borealis neglecta vernalis"))
	for _, other := range w.byKind["species"] {
		if other.attrs["latin"].text == latin {
			return false
		}
	}
	e := w.add("species", name)
	e.set("latin", latin)
	e.set("noun", s.noun)
	e.set("family", s.family)
	e.set("country", c.country)
	e.set("region", pick(d, c.regions))
	e.setRef("describer", describer)
	e.setYear("described", year)
	e.setRef("mountain", pick(d, c.mountains))
	e.setQuantity("size", d.between(12, 58), s.size)
	return true
}
