package world

import (
	"slices"
	"strings"
)

// A fact is one key of one entity: what a hop of a question rests on.
type fact struct {
	of  *entity
	key string
}

// A question is a question about the world with its one answer and the facts
// that lead to it, in order.
type question struct {
	text     string
	answer   string
	kind     string // bridge or comparison, HotpotQA's own two types
	level    string // easy, medium or hard
	form     string // what sort of question it is, for the quotas
	subjects []*entity
	facts    []fact
}

// A catalogue holds the question templates: headline to lines.
type catalogue struct {
	lines map[string][]string
	heads []string // in the order of the file
}

func loadCatalogue() (*catalogue, error) {
	sections, err := readSections("questions")
	if err != nil {
		return nil, err
	}
	c := &catalogue{lines: map[string][]string{}}
	for _, s := range sections {
		head := strings.Join(s.head, " ")
		c.heads = append(c.heads, head)
		c.lines[head] = s.lines
	}
	return c, nil
}

// under returns the lines of "verb kind.key" for an entity, falling back from
// a walk of life to persons in general.
func (c *catalogue) under(verb string, e *entity, key string) []string {
	if key != "" {
		key = "." + key
	}
	if lines := c.lines[verb+" "+e.kind+key]; lines != nil {
		return lines
	}
	if e.person {
		return c.lines[verb+" person"+key]
	}
	return nil
}

// members returns the entities a headline's kind stands for.
func (w *world) members(kind string) []*entity {
	if kind == "person" {
		return w.people
	}
	return w.byKind[kind]
}

// An asker makes questions about one world.
type asker struct {
	*world
	*catalogue
}

// describe renders one template about one entity, either in full or not at
// all, and returns the keys it gave away.
func describe(d *draw, lines []string, e *entity) (text string, keys []string) {
	fit := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !fits(l, e) })
	if len(fit) == 0 {
		return "", nil
	}
	f := filler{d: d, e: e}
	text = f.fill(pick(d, fit))
	return text, f.keys
}

// unique reports whether no other entity of the kind (for a person: no other
// person) agrees with e on all keys.
func (a *asker) unique(e *entity, keys []string) bool {
	kind := e.kind
	if e.person {
		kind = "person"
	}
	for _, other := range a.members(kind) {
		if other != e && !slices.ContainsFunc(keys, func(k string) bool { return !agree(e.attrs[k], other.attrs[k]) }) {
			return false
		}
	}
	return true
}

func agree(a, b value) bool { return a.text == b.text }

// name refers to an entity outright, or by a description that fits no other
// in the world. The keys are those a reader needs to recognise it.
func (a *asker) name(d *draw, e *entity, described bool) (text string, keys []string) {
	if !described {
		text, _ = describe(d, a.under("ref", e, ""), e)
		return text, nil
	}
	text, keys = describe(d, a.under("desc", e, ""), e)
	if text == "" || !a.unique(e, keys) {
		return "", nil
	}
	return text, keys
}

// circular reports whether a description already says, or half says, what the
// question goes on to ask: the town of one "born in", the year of one
// "founded in".
func circular(known []string, key, target string) bool {
	origin := words("birthplace born bornYear")
	return slices.Contains(known, key) || slices.Contains(known, target) ||
		slices.Contains(origin, key) && slices.ContainsFunc(known, func(k string) bool { return slices.Contains(origin, k) })
}

// bridges returns every bridge question the world can answer, one wording
// each.
func (a *asker) bridges() []question {
	var all []question
	for _, head := range a.heads {
		verb, rest, _ := strings.Cut(head, " ")
		kind, key, ok := strings.Cut(rest, ".")
		if !ok || verb != "link" && verb != "clause" && verb != "which" && verb != "made" {
			continue
		}
		for _, e := range a.members(kind) {
			if e.ref(key) == nil {
				continue
			}
			d := a.draw("question " + head + " " + e.name)
			switch verb {
			case "link":
				all = append(all, a.links(d, head, e, key)...)
			case "clause":
				all = append(all, a.clauses(d, head, e, key)...)
			case "which":
				all = append(all, a.whichs(d, head, e, key)...)
			case "made":
				all = append(all, a.mades(d, head, e, key)...)
			}
		}
	}
	return slices.DeleteFunc(all, func(q question) bool { return !q.sound() })
}

// targets returns the keys that questions under a verb can ask of an entity.
func (a *asker) targets(verb string, e *entity) []string {
	var keys []string
	for _, head := range a.heads {
		v, rest, _ := strings.Cut(head, " ")
		kind, key, _ := strings.Cut(rest, ".")
		if v == verb && (kind == e.kind || kind == "person" && e.person) && e.has(key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// links asks a second hop about a noun phrase: "When was the director of X born?"
func (a *asker) links(d *draw, head string, e *entity, key string) []question {
	b := e.ref(key)
	var out []question
	for _, target := range a.targets("ask", b) {
		described := d.chance(35)
		subject, known := a.name(d, e, described)
		if subject == "" || circular(known, key, target) {
			continue
		}
		phrase := strings.ReplaceAll(pick(d, a.lines[head]), "{A}", subject)
		text, given := a.fillTwo(d, a.under("ask", b, target), "{B}", phrase, "B.", b)
		out = append(out, question{
			text: fixArticles(text), answer: b.attrs[target].text, kind: "bridge", level: level(described), form: "link " + target,
			subjects: []*entity{e, b}, facts: chain(e, append(known, key), b, append(given, target)...),
		})
	}
	return out
}

// level is harder where even the first article has to be found by description.
func level(described bool) string {
	if described {
		return "hard"
	}
	return "medium"
}

// clauses asks it at the end of a statement: "X was directed by someone born
// in what year?"
func (a *asker) clauses(d *draw, head string, e *entity, key string) []question {
	b := e.ref(key)
	var out []question
	for _, target := range a.targets("tail", b) {
		described := d.chance(30)
		subject, known := a.name(d, e, described)
		if subject == "" || circular(known, key, target) {
			continue
		}
		text := strings.ReplaceAll(pick(d, a.lines[head]), "{A}", subject) + " " + pick(d, a.under("tail", b, target))
		out = append(out, question{
			text: text, answer: b.attrs[target].text, kind: "bridge", level: level(described), form: "clause " + target,
			subjects: []*entity{e, b}, facts: chain(e, append(known, key), b, target),
		})
	}
	return out
}

// whichs asks for the bridge, whose full name only its own article gives.
func (a *asker) whichs(d *draw, head string, e *entity, key string) []question {
	b := e.ref(key)
	full := b.attrs["full"].text
	subject, known := a.name(d, e, d.chance(35))
	if full == b.name || subject == "" || circular(known, key, "full") {
		return nil
	}
	text, given := a.fillTwo(d, a.lines[head], "{A}", subject, "B.", b)
	return []question{{
		text: text, answer: full, kind: "bridge", level: "hard", form: "which " + head,
		subjects: []*entity{e, b}, facts: chain(e, append(known, key), b, append(given, "full")...),
	}}
}

// mades asks for the work, from a description of its maker.
func (a *asker) mades(d *draw, head string, e *entity, key string) []question {
	b := e.ref(key)
	maker, known := a.name(d, b, true)
	if maker == "" {
		return nil
	}
	text, given := a.fillTwo(d, a.lines[head], "{B}", maker, "A.", e)
	if text == "" || !a.unique(e, append(slices.Clone(given), key)) {
		return nil
	}
	return []question{{
		text: text, answer: e.name, kind: "bridge", level: "hard", form: head,
		subjects: []*entity{b, e}, facts: chain(b, known, e, append(given, key)...),
	}}
}

// fillTwo renders a template that holds one ready phrase and placeholders of
// one entity, which are written with a prefix.
func (a *asker) fillTwo(d *draw, lines []string, mark, phrase, prefix string, e *entity) (text string, keys []string) {
	var plain []string
	for _, l := range lines {
		plain = append(plain, strings.ReplaceAll(strings.ReplaceAll(l, mark, "\x00"), "{"+prefix, "{"))
	}
	text, keys = describe(d, plain, e)
	return strings.ReplaceAll(text, "\x00", phrase), keys
}

// chain lists the facts of a two-hop question.
func chain(a *entity, known []string, b *entity, asked ...string) []fact {
	var out []fact
	for _, k := range known {
		out = append(out, fact{a, k})
	}
	for _, k := range asked {
		out = append(out, fact{b, k})
	}
	return out
}

// sound reports whether a bridge question needs both articles and both tell
// what it takes: every fact is stated, the answer stands in the last one's
// sentence and not in the first article or the question, and the second
// article does not name the first.
func (q question) sound() bool {
	first, second := q.subjects[0], q.subjects[1]
	if q.text == "" || q.answer == "" || first == second || second.mentions(first) && q.form[:4] != "made" {
		return false
	}
	for _, f := range q.facts {
		if f.of.stating(f.key) < 0 {
			return false
		}
	}
	if strings.Contains(strings.ToLower(q.text), strings.ToLower(q.answer)) || clumsy(q.text) {
		return false
	}
	last := q.facts[len(q.facts)-1]
	if q.form[:4] == "made" {
		return !first.mentions(second) && strings.Contains(second.text(), q.answer)
	}
	return !strings.Contains(q.text, second.name) && !strings.Contains(first.text(), q.answer) &&
		strings.Contains(last.of.article[last.of.stating(last.key)].text, q.answer)
}

// clumsy reports whether a question says one of the common verbs twice, as in
// "the label founded in 1944 was founded by whom".
func clumsy(question string) bool {
	_, text := parts(strings.ToLower(question), '"', '"')
	for _, stem := range words("born found open publish describ direct launch perform known receiv award written painting museum twin charter") {
		if strings.Count(text, stem) > 1 {
			return true
		}
	}
	return false
}

// text returns an article as one string.
func (e *entity) text() string {
	var b strings.Builder
	for i, s := range e.article {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.text)
	}
	return b.String()
}
