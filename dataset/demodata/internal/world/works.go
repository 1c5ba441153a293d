package world

import "fmt"

// homeOf draws a country's index.
func (w *world) homeOf(d *draw) int { return d.intn(len(w.countries)) }

// tries bounds the search for people who lived at the right time.
const tries = 40

// make calls try until it has made n entities of a kind.
func (w *world) make(kind string, n int, try func(d *draw, home int, nat string) bool) {
	for i := range n {
		for t := range tries {
			d := w.draw(fmt.Sprintf("%s %d %d", kind, i, t))
			home := w.homeOf(d)
			if try(d, home, w.countries[home].demonym) {
				break
			}
		}
	}
}

// works makes novels, films, bands, albums, operas, paintings and magazines.
func (w *world) works() {
	w.make("novel", 38, w.novel)
	w.make("film", 48, w.film)
	w.make("band", 20, w.band)
	w.make("album", 32, w.album)
	w.make("opera", 16, w.opera)
	w.make("painting", 16, w.painting)
	w.make("magazine", 16, w.magazine)
}

func (w *world) novel(d *draw, home int, nat string) bool {
	year := d.between(1858, 2004)
	author := w.adult(d, "novelist", year, nat)
	publisher := w.firm(d, year, "book publisher")
	if author == nil || publisher == nil {
		return false
	}
	n := w.add("novel", w.titles.next())
	n.setYear("year", year)
	n.set("nat", author.attrs["nat"].text)
	n.set("genre", pick(d, phrases("historical; gothic; epistolary; satirical; crime; adventure; coming-of-age; science fiction")))
	n.setRef("author", author)
	n.setRef("publisher", publisher)
	n.setRef("town", w.town(d, home))
	n.setQuantity("pages", d.between(148, 742), "")
	n.set("hero", pick(d, phrases("a disgraced schoolmaster; a lighthouse keeper's daughter; a bankrupt clockmaker; a deserter from the border war; an ageing opera singer; a travelling dentist; a blind cartographer; a widowed innkeeper; a forger of old maps; a young ferry pilot; a village doctor; a retired hangman")))
	return true
}

func (w *world) film(d *draw, home int, nat string) bool {
	year := d.between(1924, 2008)
	director := w.adult(d, "director", year, nat)
	star1, star2 := w.adult(d, "actor", year, nat), w.adult(d, "actor", year, nat)
	composer := w.adult(d, "composer", year, nat)
	if director == nil || star1 == nil || star2 == nil || star1 == star2 {
		return false
	}
	f := w.add("film", w.titles.next())
	f.setYear("year", year)
	f.set("nat", nat)
	f.set("genre", pick(d, phrases("drama; comedy; thriller; war; adventure; mystery; romantic comedy; crime; silent drama; musical")))
	if year > 1931 && f.attrs["genre"].text == "silent drama" {
		f.set("genre", "drama")
	}
	f.setRef("director", director)
	f.setRef("star1", star1)
	f.setRef("star2", star2)
	if composer != nil {
		f.setRef("composer", composer)
	}
	f.setRef("town", w.town(d, home))
	f.setQuantity("minutes", d.between(71, 168), "minutes")
	f.set("hero", pick(d, phrases("a bankrupt hotelier; a young telegraph operator; a retired safecracker; a country vet; a night-train conductor; a stubborn harbour master; an out-of-work puppeteer; a village policeman; a chess prodigy; a stranded circus rider; a court interpreter")))
	var novels []*entity
	for _, n := range w.byKind["novel"] {
		if n.num("year") < year && n.num("year")+70 > year {
			novels = append(novels, n)
		}
	}
	if len(novels) > 0 && d.chance(55) {
		n := pick(d, novels)
		f.setRef("novel", n)
		f.attrs["hero"] = n.attrs["hero"]
	}
	return true
}

func (w *world) band(d *draw, home int, nat string) bool {
	year := d.between(1968, 2003)
	singer := w.adult(d, "singer", year, nat)
	if singer == nil || singer.has("band") {
		return false
	}
	vocab := w.titles.words
	name := pick(d, []string{
		"The " + pick(d, vocab.plurals), pick(d, vocab.adjectives) + " " + pick(d, vocab.nouns),
		pick(d, vocab.nouns) + " " + pick(d, []string{"Parade", "Club", "Machine", "Theory", "Brigade"}),
	})
	if w.names[name] {
		return false
	}
	b := w.add("band", name)
	b.setYear("formed", year)
	b.set("nat", nat)
	b.set("genre", pick(d, phrases("folk rock; post-punk; progressive rock; synth-pop; indie rock; heavy metal; power pop; blues rock; shoegaze")))
	b.setRef("singer", singer)
	singer.setRef("band", b)
	b.setRef("town", pick(d, w.countries[home].towns))
	b.set("members", pick(d, words("three four five six")))
	if d.chance(45) {
		b.set("former", "The "+pick(d, vocab.adjectives)+" "+pick(d, words("Kites Lodgers Pilots Uncles Foxes Cardigans")))
	}
	return true
}

func (w *world) album(d *draw, _ int, nat string) bool {
	band := pick(d, w.byKind["band"])
	year := band.num("formed") + d.between(1, 12)
	producer := w.adult(d, "producer", year, nat)
	label := w.firm(d, year, "record label")
	if producer == nil || label == nil || year > 2014 {
		return false
	}
	for _, a := range w.byKind["album"] {
		if a.ref("band") == band && a.num("year") == year {
			return false
		}
	}
	a := w.add("album", w.titles.next())
	a.setYear("year", year)
	a.setRef("band", band)
	a.setRef("producer", producer)
	a.setRef("label", label)
	a.setRef("town", w.town(d, w.homeOf(d)))
	a.setQuantity("tracks", d.between(7, 16), "")
	a.set("single", w.titles.next())
	return true
}

func (w *world) opera(d *draw, home int, nat string) bool {
	year := d.between(1868, 1986)
	composer, poet := w.adult(d, "composer", year, nat), w.adult(d, "poet", year, nat)
	if composer == nil || poet == nil {
		return false
	}
	o := w.add("opera", w.titles.next())
	o.setDate("first", d.date(year), d.chance(20))
	o.setRef("composer", composer)
	o.setRef("librettist", poet)
	o.setRef("town", w.town(d, home))
	o.set("acts", pick(d, words("two three four five")))
	o.set("nat", composer.attrs["nat"].text)
	return true
}

func (w *world) painting(d *draw, _ int, nat string) bool {
	year := d.between(1822, 1968)
	painter := w.adult(d, "painter", year, nat)
	museum := pick(d, w.byKind["museum"])
	if painter == nil {
		return false
	}
	p := w.add("painting", w.titles.next())
	p.setYear("year", year)
	p.setRef("painter", painter)
	p.setRef("museum", museum)
	p.setQuantity("width", d.between(62, 410), "centimetres")
	p.set("subject", pick(d, phrases("a ferry crossing at dusk; three women mending nets; an empty market square; a funeral procession in snow; a girl feeding geese; the burning of a granary; two card players; a flooded orchard; harvesters resting under an oak")))
	return true
}

func (w *world) magazine(d *draw, home int, nat string) bool {
	year := d.between(1884, 1988)
	editor, publisher := w.adult(d, "editor", year, nat), w.firm(d, year, "book publisher")
	vocab := w.titles.words
	name := "The " + pick(d, vocab.nouns) + " " + pick(d, []string{"Review", "Monthly", "Quarterly", "Gazette"})
	if editor == nil || publisher == nil || w.names[name] {
		return false
	}
	m := w.add("magazine", name)
	m.setYear("founded", year)
	m.set("nat", nat)
	m.set("field", pick(d, phrases("literary; gardening; political; chess; science; architecture; music; mountaineering")))
	m.setRef("editor", editor)
	m.setRef("publisher", publisher)
	m.setRef("town", pick(d, w.countries[home].towns))
	m.setQuantity("copies", d.between(4, 180)*500, "")
	return true
}
