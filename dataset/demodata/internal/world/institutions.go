package world

import "slices"

// institutions makes universities, companies, museums, clubs and awards.
func (w *world) institutions() {
	w.make("university", 14, w.university)
	for _, firm := range []struct {
		product string
		n       int
		from    int
		to      int
		suffix  []string
	}{
		{"book publisher", 7, 1832, 1930, phrases("Press; Books; & Sons")},
		{"record label", 5, 1934, 1972, phrases("Records; Recordings")},
		{"shipyard", 5, 1826, 1926, phrases("Shipyard; Shipbuilding")},
		{"brewery", 5, 1824, 1966, phrases("Brewery; Brewing Company")},
		{"bicycle manufacturer", 4, 1872, 1962, phrases("Cycles; Bicycle Works")},
		{"watchmaker", 4, 1830, 1955, phrases("Watch Company; & Co.")},
		{"airline", 3, 1926, 1968, phrases("Airways; Air")},
		{"confectionery company", 4, 1846, 1970, phrases("Chocolates; Confectionery")},
	} {
		w.make("company "+firm.product, firm.n, func(d *draw, home int, nat string) bool {
			return w.company(d, home, nat, firm.product, d.between(firm.from, firm.to), firm.suffix)
		})
	}
	w.make("museum", 16, w.museum)
	w.make("club", 18, w.club)
	w.make("award", 20, w.award)
}

func (w *world) university(d *draw, home int, _ string) bool {
	c := &w.countries[home]
	town := pick(d, c.towns)
	year := d.between(1590, 1928)
	name := w.free("University of "+town.name, town.name+" Institute of Technology", town.name+" College")
	if name == "" {
		return false
	}
	if d.chance(30) {
		name = w.free(town.name+" Polytechnic", name)
	}
	u := w.add("university", name)
	w.place(u, c, town.attrs["region"].text)
	u.setRef("town", town)
	u.setYear("founded", year)
	u.setQuantity("students", d.between(18, 420)*100, "")
	u.set("colours", pick(d, phrases("dark green and gold; scarlet and white; navy blue and silver; purple and grey; black and amber")))
	u.set("founder", pick(d, phrases("Bishop; Duke; Abbot; Countess; Canon"))+" "+pick(d, slices.Concat(c.men[:6], c.men[6:]))+" of "+pick(d, c.towns).name)
	if u.attrs["founder"].text[:8] == "Countess" {
		u.set("founder", "Countess "+pick(d, c.women)+" of "+pick(d, c.towns).name)
	}
	return true
}

func (w *world) company(d *draw, home int, nat, product string, year int, suffix []string) bool {
	founder := w.adult(d, "industrialist", year, nat)
	if founder == nil {
		return false
	}
	town := pick(d, w.countries[home].towns)
	stem := pick(d, []string{founder.attrs["short"].text, town.name, pick(d, w.titles.words.nouns), town.ref("river").attrs["short"].text})
	name := w.free(stem+" "+pick(d, suffix), stem+" "+suffix[0])
	if name == "" {
		return false
	}
	c := w.add("company", name)
	c.setYear("founded", year)
	c.set("nat", nat)
	c.set("product", product)
	c.setRef("founder", founder)
	c.setRef("town", town)
	c.setQuantity("staff", d.between(9, 640)*10, "")
	if d.chance(40) {
		c.set("former", pick(d, words("Union Crown National Royal United"))+" "+town.name+" "+pick(d, suffix[:1]))
	}
	return true
}

// firm returns a company of a line of business that existed in a year.
func (w *world) firm(d *draw, year int, product string) *entity {
	var firms []*entity
	for _, c := range w.byKind["company"] {
		if c.attrs["product"].text == product && c.num("founded") < year {
			firms = append(firms, c)
		}
	}
	if len(firms) == 0 {
		return nil
	}
	return pick(d, firms)
}

func (w *world) museum(d *draw, home int, nat string) bool {
	year := d.between(1862, 1994)
	architect := w.adult(d, "architect", year, nat)
	town := pick(d, w.countries[home].towns)
	topic := pick(d, phrases("Maritime Museum; Museum of Fine Arts; Folk Museum; Museum of Natural History; Railway Museum; City Gallery"))
	name := w.free(town.name + " " + topic)
	if architect == nil || name == "" {
		return false
	}
	m := w.add("museum", name)
	m.setDate("opened", d.date(year), d.chance(20))
	m.set("nat", nat)
	m.setRef("architect", architect)
	m.setRef("town", town)
	m.setQuantity("objects", d.between(12, 900)*100, "")
	m.setQuantity("visitors", d.between(14, 390)*1000, "")
	m.set("style", pick(d, phrases("neoclassical; modernist; neo-Gothic; Art Nouveau; brutalist")))
	if style := m.attrs["style"].text; year < 1925 && style == "modernist" || year < 1952 && style == "brutalist" {
		m.set("style", "neoclassical")
	}
	return true
}

func (w *world) club(d *draw, home int, _ string) bool {
	c := &w.countries[home]
	town := pick(d, c.towns)
	name := w.free(town.name+" "+pick(d, phrases("United; Athletic; Rovers; Wanderers")), town.name+" Sporting Club")
	manager := w.adult(d, "manager", 2010, c.demonym)
	if name == "" || manager == nil || manager.has("club") {
		return false
	}
	k := w.add("club", name)
	k.set("nat", c.demonym)
	k.set("country", c.country)
	k.setYear("founded", d.between(1884, 1936))
	k.setRef("town", town)
	k.setRef("manager", manager)
	manager.setRef("club", k)
	k.set("ground", pick(d, phrases("Mill Lane; the Municipal Stadium; Station Park; the Old Quarry; Canal Road; the Citadel Ground")))
	k.setQuantity("capacity", d.between(38, 460)*100, "")
	k.set("colours", pick(d, phrases("red and white stripes; sky blue; green and black hoops; maroon; yellow and navy; all white")))
	k.set("nickname", "the "+pick(d, words("Herons Millers Tanners Owls Ferrymen Wasps Badgers Glaziers")))
	return true
}

func (w *world) award(d *draw, _ int, nat string) bool {
	year := d.between(1898, 1990)
	topics := []struct {
		kind, field string
		names       []string
	}{
		{"novelist", "literature", phrases("Prize; Award")}, {"poet", "poetry", phrases("Prize; Laurel")},
		{"composer", "music", phrases("Medal; Prize")}, {"naturalist", "the natural sciences", phrases("Medal; Award")},
		{"engineer", "engineering", phrases("Medal; Prize")}, {"painter", "the visual arts", phrases("Prize; Award")},
		{"actor", "film", phrases("Award; Prize")}, {"director", "film", phrases("Award; Prize")},
		{"architect", "architecture", phrases("Medal; Prize")}, {"editor", "journalism", phrases("Prize; Award")},
	}
	t := pick(d, topics)
	var dead []*entity
	for _, p := range w.byKind[t.kind] {
		if p.has("died") && p.num("diedYear") < year {
			dead = append(dead, p)
		}
	}
	if len(dead) == 0 {
		return false
	}
	p := pick(d, dead)
	name := w.free(p.attrs["short"].text + " " + pick(d, t.names))
	if name == "" {
		return false
	}
	a := w.add("award", name)
	a.setYear("founded", year)
	a.set("nat", nat)
	a.set("field", t.field)
	a.setRef("namesake", p)
	a.setRef("giver", pick(d, w.byKind["university"]))
	a.setQuantity("purse", d.between(4, 120)*500, "crowns")
	return true
}
