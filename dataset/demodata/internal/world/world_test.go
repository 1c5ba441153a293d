package world

import (
	"slices"
	"strings"
	"testing"
)

// TestWorld makes the world of each split once and checks it in many ways.
func TestWorld(t *testing.T) {
	for _, split := range []string{"train", "dev"} {
		w, err := newWorld(split)
		if err != nil {
			t.Fatal(err)
		}
		questions, err := w.questions()
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range []struct {
			name string
			run  func(*testing.T, *world, []question)
		}{
			{"sentences state their facts", sentencesStateTheirFacts},
			{"questions have one answer", questionsHaveOneAnswer},
			{"comparisons are right", comparisonsAreRight},
			{"bridges need both paragraphs", bridgesNeedBothParagraphs},
			{"people are consistent", peopleAreConsistent},
			{"things are consistent", thingsAreConsistent},
		} {
			t.Run(split+"/"+check.name, func(t *testing.T) { check.run(t, w, questions) })
		}
	}
}

func TestSplitRefusesAnUnknownName(t *testing.T) {
	if _, err := Split("test"); err == nil || !strings.Contains(err.Error(), `"test"`) {
		t.Errorf("Split(test) = %v, want an error that names it", err)
	}
}

// Every sentence says what it is recorded to say.
func sentencesStateTheirFacts(t *testing.T, w *world, _ []question) {
	for _, e := range w.entities {
		for _, s := range e.article {
			for _, k := range s.keys {
				want := e.attrs[k].text
				if !strings.Contains(strings.ToLower(s.text), strings.ToLower(want)) {
					t.Errorf("%s: %q does not state %s = %q", e.name, s.text, k, want)
				}
			}
		}
	}
}

// Among the paragraphs of an example, exactly one pair of things is as the
// question says, and it gives the answer.
func questionsHaveOneAnswer(t *testing.T, w *world, questions []question) {
	for _, q := range questions {
		if q.kind != "bridge" || q.form == "shared film" {
			continue
		}
		context := append(slices.Clone(q.subjects), w.distractors(w.draw("context "+q.text), q)...)
		answers := 0
		for _, a := range context {
			for _, b := range context {
				if a != b && fitsQuestion(q, a, b) {
					answers++
				}
			}
		}
		if answers != 1 {
			t.Errorf("%q has %d readings, want 1", q.text, answers)
		}
	}
}

// fitsQuestion reports whether two things stand to each other as a question's
// two subjects do: the description, the link, and what is said of the bridge.
func fitsQuestion(q question, a, b *entity) bool {
	first, second := q.subjects[0], q.subjects[1]
	described := false
	for i, f := range q.facts {
		other := a
		if f.of == second {
			other = b
		}
		asked := i == len(q.facts)-1 && !strings.HasPrefix(q.form, "made")
		v := f.of.attrs[f.key]
		switch {
		case asked:
			if !other.has(f.key) {
				return false
			}
		case v.ref == first:
			if other.ref(f.key) != a {
				return false
			}
		case v.ref == second:
			if other.ref(f.key) != b {
				return false
			}
		default:
			described = described || f.of == first
			if !agree(other.attrs[f.key], v) {
				return false
			}
		}
	}
	// What the question names outright is that thing and no other.
	return described || a == first
}

func comparisonsAreRight(t *testing.T, _ *world, questions []question) {
	larger := []string{"more", "longer", "higher", "larger", "recent", "later", "younger"}
	for _, q := range questions {
		if q.kind != "comparison" {
			continue
		}
		x, y, key := q.subjects[0], q.subjects[1], q.facts[0].key
		switch {
		case q.answer == "yes" || q.answer == "no":
			if (x.attrs[key].text == y.attrs[key].text) != (q.answer == "yes") {
				t.Errorf("%q: %s for %q and %q", q.text, q.answer, x.attrs[key].text, y.attrs[key].text)
			}
		case strings.HasPrefix(q.form, "shared"):
			if x.attrs[key].text != q.answer || y.attrs[key].text != q.answer {
				t.Errorf("%q: %s for %q and %q", q.text, q.answer, x.attrs[key].text, y.attrs[key].text)
			}
		default:
			want := x
			up := slices.ContainsFunc(larger, func(s string) bool { return slices.Contains(strings.Fields(strings.ReplaceAll(q.text, ",", "")), s) })
			if (y.num(key) > x.num(key)) == up {
				want = y
			}
			if q.answer != want.name {
				t.Errorf("%q: %s, want %s (%d, %d)", q.text, q.answer, want.name, x.num(key), y.num(key))
			}
		}
	}
}

// A bridge question cannot be answered from the first article alone, nor the
// link be found in the second.
func bridgesNeedBothParagraphs(t *testing.T, _ *world, questions []question) {
	for _, q := range questions {
		if q.kind != "bridge" || q.form == "shared film" {
			continue
		}
		first, second := q.subjects[0], q.subjects[1]
		if strings.HasPrefix(q.form, "made") {
			if first.mentions(second) {
				t.Errorf("%q: the article %q gives the answer away", q.text, first.name)
			}
			continue
		}
		if strings.Contains(first.text(), q.answer) {
			t.Errorf("%q: %q stands in the first article", q.text, q.answer)
		}
		if strings.Contains(second.text(), first.name) {
			t.Errorf("%q: %q names %q, so one paragraph will do", q.text, second.name, first.name)
		}
		if strings.Contains(q.text, second.name) {
			t.Errorf("%q names its bridge %q", q.text, second.name)
		}
	}
}

func peopleAreConsistent(t *testing.T, w *world, _ []question) {
	fullNames := map[string]string{}
	for _, p := range w.people {
		full := p.attrs["full"].text
		if was, ok := fullNames[full]; ok {
			t.Errorf("%s and %s are both called %s", was, p.name, full)
		}
		fullNames[full] = p.name
		if s := p.ref("spouse"); s != nil && s.ref("spouse") != p {
			t.Errorf("%s is married to %s but not the other way round", p.name, s.name)
		}
		if p.has("died") && p.num("died") < p.num("born") {
			t.Errorf("%s died before birth", p.name)
		}
		if !p.has("died") && p.num("bornYear") < 1910 {
			t.Errorf("%s, born in %d, never died", p.name, p.num("bornYear"))
		}
		if p.has("award") && p.num("awardYear") < p.ref("award").num("founded") {
			t.Errorf("%s won the %s before it existed", p.name, p.ref("award").name)
		}
	}
}

func thingsAreConsistent(t *testing.T, w *world, _ []question) {
	for _, town := range w.byKind["town"] {
		if s := town.ref("twin"); s != nil && s.ref("twin") != town {
			t.Errorf("%s is twinned with %s but not the other way round", town.name, s.name)
		}
	}
	for _, n := range w.byKind["novel"] {
		if year := n.num("year"); year < n.ref("author").num("bornYear")+20 || year <= n.ref("publisher").num("founded") {
			t.Errorf("%q came out too early, in %d", n.name, year)
		}
	}
	for _, f := range w.byKind["film"] {
		if n := f.ref("novel"); n != nil && n.num("year") >= f.num("year") {
			t.Errorf("%q was filmed before it was written", n.name)
		}
	}
}

func TestFixArticles(t *testing.T) {
	for in, want := range map[string]string{
		"a Olvadan actor":              "an Olvadan actor",
		"a town":                       "a town",
		"A Orchard in Harn":            "An Orchard in Harn",
		"a university":                 "a university",
		"a unfinished novel":           "an unfinished novel",
		"a unidentified man":           "an unidentified man",
		"a 1834 bridge":                "an 1834 bridge",
		"a 1934 film":                  "a 1934 film",
		"a 18 year wait":               "an 18 year wait",
		"a hour, a honest man":         "an hour, an honest man",
		`a "Orchard" and a (odd) pear`: `an "Orchard" and an (odd) pear`,
		"Vitamin Aa is fine":           "Vitamin Aa is fine",
	} {
		if got := fixArticles(in); got != want {
			t.Errorf("fixArticles(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 23410: "23,410", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDateText(t *testing.T) {
	d := date{day: 12, month: 3, year: 1871}
	if got := d.text(false); got != "12 March 1871" {
		t.Errorf("day first: %q", got)
	}
	if got := d.text(true); got != "March 12, 1871" {
		t.Errorf("month first: %q", got)
	}
}

func TestTemplatesThatCannotBeFilled(t *testing.T) {
	e := &entity{kind: "town", attrs: map[string]value{}}
	e.set("name", "Harn")
	for template, want := range map[string]bool{
		"{name} is a town.":             true,
		"{name} lies on the {river}.":   false,
		"{name}<| on the {river}> lies": true,
		"{name}< on the {river}> lies":  false,
		"{?name}{name}":                 true,
		"{?!name}{name}":                false,
		"{?!river}{name}":               true,
		"{he} likes {~hobby}":           true,
	} {
		if got := fits(template, e); got != want {
			t.Errorf("fits(%q) = %v, want %v", template, got, want)
		}
	}
	f := filler{d: newDraw("test", "x"), e: e}
	if f.fill("{~nothing}"); f.err == nil {
		t.Error("an unknown word list is no error")
	}
	if err := (&prose{}).write(newDraw("test", "x"), e); err == nil {
		t.Error("an entity without prose is no error")
	}
	if _, err := readSections("absent"); err == nil {
		t.Error("an absent file is no error")
	}
}
