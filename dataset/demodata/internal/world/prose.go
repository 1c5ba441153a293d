package world

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

//go:embed prose/*.txt
var proseFiles embed.FS

// A group is a set of ways to say one thing; an article takes at most one
// sentence from each of its groups, in the order of the file.
type group struct {
	name    string
	percent int      // how often the group speaks at all
	kinds   []string // the kinds of entity it is about
	lines   []string
	used    []int // how often each line was taken
}

// A prose is all the groups of all articles, and the lists of words that
// their sentences draw on.
type prose struct {
	groups []*group
	lists  map[string][]string
}

// loadProse reads the sentence templates. The form of the files is described
// in prose/README.txt.
func loadProse() (*prose, error) {
	p := &prose{lists: map[string][]string{}}
	for _, file := range []string{"words", "people", "places", "works", "institutions", "events"} {
		sections, err := readSections(file)
		if err != nil {
			return nil, err
		}
		for _, s := range sections {
			if file == "words" {
				p.lists[s.head[0]] = s.lines
				continue
			}
			g := &group{name: s.head[0], percent: 100, lines: s.lines, used: make([]int, len(s.lines))}
			for _, h := range s.head[1:] {
				if n, err := strconv.Atoi(strings.TrimSuffix(h, "%")); err == nil {
					g.percent = n
				} else {
					g.kinds = append(g.kinds, h)
				}
			}
			if slices.Contains(g.kinds, "person") {
				g.kinds = append(g.kinds, personKinds()...)
			}
			p.groups = append(p.groups, g)
		}
	}
	return p, nil
}

// A section is a headline and the lines under it.
type section struct {
	head  []string
	lines []string
}

// readSections reads one template file: "== head words" and lines; "#" begins
// a comment.
func readSections(file string) ([]section, error) {
	raw, err := proseFiles.ReadFile("prose/" + file + ".txt")
	if err != nil {
		return nil, err
	}
	var out []section
	for i, line := range strings.Split(string(raw), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "== "):
			out = append(out, section{head: strings.Fields(line[3:])})
		case len(out) == 0:
			return nil, fmt.Errorf("prose/%s.txt:%d: a line before the first section", file, i+1)
		default:
			last := &out[len(out)-1]
			last.lines = append(last.lines, line)
		}
	}
	return out, nil
}

// write gives an entity its article.
func (p *prose) write(d *draw, e *entity) error {
	for _, g := range p.groups {
		if !slices.Contains(g.kinds, e.kind) || !d.chance(g.percent) {
			continue
		}
		line := g.choose(d, e)
		if line < 0 {
			continue
		}
		g.used[line]++
		f := filler{d: d, e: e, lists: p.lists}
		text := f.fill(g.lines[line])
		if f.err != nil {
			return fmt.Errorf("%s %s: %w", g.name, e.kind, f.err)
		}
		if len(e.article) > 0 && repeats(e, f.keys) {
			continue
		}
		e.article = append(e.article, sentence{text: capitalise(fixArticles(text)), keys: f.keys, group: g.name})
	}
	if len(e.article) == 0 {
		return fmt.Errorf("no prose for kind %q", e.kind)
	}
	return nil
}

// choose returns a line whose placeholders the entity can fill, one of those
// that were taken least, or -1.
func (g *group) choose(d *draw, e *entity) int {
	var fit []int
	least := 0
	for i, line := range g.lines {
		if !fits(line, e) || stale(line, e) {
			continue
		}
		if len(fit) == 0 || g.used[i] < least {
			least = g.used[i]
		}
		fit = append(fit, i)
	}
	fit = slices.DeleteFunc(fit, func(i int) bool { return g.used[i] > least+1 })
	if len(fit) == 0 {
		return -1
	}
	return pick(d, fit)
}

// isName reports whether a key only says who is meant.
func isName(key string) bool { return key == "name" || key == "short" || key == "given" }

// stale reports whether a template would say again what the article has said.
func stale(template string, e *entity) bool {
	_, outer := parts(template, '<', '>')
	keys, _ := parts(outer, '{', '}')
	for _, key := range keys {
		key = strings.TrimSuffix(key, "!")
		if e.has(key) && !isName(key) && e.stating(key) >= 0 {
			return true
		}
	}
	return false
}

// repeats reports whether a sentence that states something states nothing new.
func repeats(e *entity, keys []string) bool {
	keys = slices.DeleteFunc(slices.Clone(keys), isName)
	return len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool { return e.stating(k) < 0 })
}

// expand copies a template and puts what with returns in the place of every
// bracketed part; with gets the part without its brackets. Brackets of one
// sort do not nest.
func expand(template string, left, right byte, with func(part string) string) string {
	var out strings.Builder
	for {
		i := strings.IndexByte(template, left)
		if i < 0 {
			break
		}
		n := strings.IndexByte(template[i+1:], right)
		if n < 0 {
			break
		}
		out.WriteString(template[:i])
		out.WriteString(with(template[i+1 : i+1+n]))
		template = template[i+n+2:]
	}
	out.WriteString(template)
	return out.String()
}

// parts returns the bracketed parts of a template and what is left without
// them.
func parts(template string, left, right byte) (inside []string, rest string) {
	if strings.IndexByte(template, left) < 0 {
		return nil, template
	}
	rest = expand(template, left, right, func(part string) string {
		inside = append(inside, part)
		return ""
	})
	return inside, rest
}

// fits reports whether every placeholder of a template can be filled: outside
// of <a|b> all, inside of it those of at least one alternative.
func fits(template string, e *entity) bool {
	alternatives, outer := parts(template, '<', '>')
	for _, alt := range alternatives {
		if !slices.ContainsFunc(strings.Split(alt, "|"), func(s string) bool { return fits(s, e) }) {
			return false
		}
	}
	keys, _ := parts(outer, '{', '}')
	for _, key := range keys {
		key = strings.TrimSuffix(key, "!")
		if need, ok := strings.CutPrefix(key, "?"); ok {
			absent, not := strings.CutPrefix(need, "!")
			if e.has(absent) == not {
				return false
			}
			continue
		}
		if strings.HasPrefix(key, "~") || pronoun(e, key) != "" || e.has(key) {
			continue
		}
		return false
	}
	return true
}

// A filler fills the placeholders of one sentence and notes which keys it
// stated.
type filler struct {
	d     *draw
	e     *entity
	lists map[string][]string
	keys  []string
	err   error
}

func (f *filler) fill(template string) string {
	template = expand(template, '<', '>', func(alt string) string {
		choices := slices.DeleteFunc(strings.Split(alt, "|"), func(s string) bool { return !fits(s, f.e) })
		return pick(f.d, choices)
	})
	return expand(template, '{', '}', func(key string) string {
		if list, ok := strings.CutPrefix(key, "~"); ok {
			if len(f.lists[list]) == 0 {
				f.err = fmt.Errorf("no word list %q", list)
				return ""
			}
			return f.fill(pick(f.d, f.lists[list]))
		}
		if s := pronoun(f.e, key); s != "" || key[0] == '?' {
			return s
		}
		key, plain := strings.CutSuffix(key, "!")
		if !slices.Contains(f.keys, key) {
			f.keys = append(f.keys, key)
		}
		if plain {
			return f.e.attrs[key].text
		}
		return f.e.attrs[key].mention()
	})
}

// mention is how running prose refers to a value: works stand in quotation
// marks, as they do in HotpotQA's plain text.
func (v value) mention() string {
	if v.ref != nil && slices.Contains([]string{"film", "novel", "album", "opera", "painting"}, v.ref.kind) {
		return `"` + v.text + `"`
	}
	return v.text
}

// pronoun returns the word for a placeholder that depends on sex and on
// whether a person is still alive, "" for any other placeholder.
func pronoun(e *entity, key string) string {
	dead := e.has("died")
	word := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	switch key {
	case "He":
		return word(e.male, "He", "She")
	case "he":
		return word(e.male, "he", "she")
	case "His":
		return word(e.male, "His", "Her")
	case "his":
		return word(e.male, "his", "her")
	case "him":
		return word(e.male, "him", "her")
	case "himself":
		return word(e.male, "himself", "herself")
	case "is":
		return word(dead, "was", "is")
	}
	return ""
}

// fixArticles writes "an" for "a" where the next word wants it.
func fixArticles(s string) string {
	tokens := strings.Split(s, " ")
	for i, token := range tokens[:len(tokens)-1] {
		if token != "a" && token != "A" {
			continue
		}
		next := strings.TrimLeft(tokens[i+1], `"(`)
		if end := strings.IndexFunc(next, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }); end >= 0 {
			next = next[:end]
		}
		if next != "" && wantsAn(next) {
			tokens[i] += "n"
		}
	}
	return strings.Join(tokens, " ")
}

func wantsAn(word string) bool {
	w := strings.ToLower(word)
	for _, p := range []string{"uni", "eu", "one", "use", "usu"} {
		if strings.HasPrefix(w, p) && !slices.Contains([]string{"unin", "unim", "unid"}, w[:min(4, len(w))]) {
			return false
		}
	}
	for _, p := range []string{"hour", "honest", "honour", "heir", "8", "11", "18"} {
		if strings.HasPrefix(w, p) {
			return len(p) != 2 || len(w) == 4 || len(w) == 2 // 1834 and 18, but not 1,834
		}
	}
	return strings.ContainsRune("aeiou", rune(w[0]))
}

func capitalise(s string) string {
	for i, r := range s {
		if r != '"' {
			return s[:i] + strings.ToUpper(string(r)) + s[i+len(string(r)):]
		}
	}
	return s
}
