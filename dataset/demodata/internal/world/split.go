package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Size is the number of examples of a split.
const Size = 200

// paragraphs is the number of paragraphs of an example, gold ones included.
const paragraphs = 10

// quota is how many examples a split has of each sort: three quarters bridge
// questions and one in ten yes or no, as in HotpotQA.
//
//nolint:gochecknoglobals // never changes
var quota = struct{ bridge, which, yes, no, shared int }{bridge: 148, which: 22, yes: 10, no: 10, shared: 10}

// A record is one example in the form of HotpotQA's distractor files.
type record struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Type     string   `json:"type"`
	Level    string   `json:"level"`
	Facts    [][2]any `json:"supporting_facts"`
	Context  [][2]any `json:"context"`
}

// Split returns a split ("train" or "dev") as JSON lines.
func Split(name string) ([]byte, error) {
	if name != "train" && name != "dev" {
		return nil, fmt.Errorf("no split %q: want train or dev", name)
	}
	w, err := newWorld(name)
	if err != nil {
		return nil, err
	}
	questions, err := w.questions()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for i, q := range questions {
		id := fmt.Sprintf("demo-%s-%03d", name, i+1)
		if err := enc.Encode(w.record(id, q)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// questions chooses a split's questions, in a random order.
func (w *world) questions() ([]question, error) {
	c, err := loadCatalogue()
	if err != nil {
		return nil, err
	}
	a := &asker{world: w, catalogue: c}
	d := w.draw("choice")
	s := selection{used: map[string]int{}}
	comparisons := a.comparisons()
	sorts := map[string][]question{}
	for _, q := range comparisons {
		sort := strings.Fields(q.form)[0]
		if q.form == "shared film" {
			sort = "film"
		}
		sorts[sort] = append(sorts[sort], q)
	}
	s.take(d, sorts["compare"], quota.which)
	s.take(d, sorts["yes"], quota.yes)
	s.take(d, sorts["no"], quota.no)
	s.take(d, sorts["shared"], quota.shared)
	films := len(s.chosen)
	s.take(d, sorts["film"], 4)
	films = len(s.chosen) - films
	s.take(d, a.bridges(), quota.bridge-films)
	if len(s.chosen) != Size {
		return nil, fmt.Errorf("the world of %s yields %d questions, want %d", w.split, len(s.chosen), Size)
	}
	shuffle(d, s.chosen)
	return s.chosen, nil
}

// A selection collects questions that differ in subject, form and answer.
type selection struct {
	chosen []question
	used   map[string]int
}

// take adds n of the questions, going round with ever looser limits on how
// often a form, a subject or an answer may come back.
func (s *selection) take(d *draw, questions []question, n int) {
	questions = slices.Clone(questions)
	shuffle(d, questions)
	for limit := 1; limit <= 8 && n > 0; limit++ {
		for _, q := range questions {
			if n == 0 {
				break
			}
			form, first, second, answer := "form "+q.form, "subject "+q.subjects[0].name, "subject "+q.subjects[1].name, "answer "+q.answer
			link := "link " + q.subjects[0].kind + q.facts[len(q.facts)/2].key
			if q.answer == "yes" || q.answer == "no" {
				answer = "yes or no " + q.text
			}
			pair := first + second
			if s.used[form] >= 2*limit || s.used[link] >= limit+1 || s.used[first] >= 1+limit/3 || s.used[second] >= 1+limit/3 ||
				s.used[answer] >= 1+limit/3 || s.used[pair] > 0 || s.used["text "+q.text] > 0 {
				continue
			}
			for _, k := range []string{form, link, first, second, answer, pair, "text " + q.text} {
				s.used[k]++
			}
			q.text = capitalise(q.text)
			s.chosen = append(s.chosen, q)
			n--
		}
	}
}

// record writes a question with its paragraphs.
func (w *world) record(id string, q question) record {
	d := w.draw("context " + q.text)
	context := append(slices.Clone(q.subjects), w.distractors(d, q)...)
	shuffle(d, context)
	r := record{ID: id, Question: q.text, Answer: q.answer, Type: q.kind, Level: q.level}
	for _, e := range context {
		sentences := make([]string, len(e.article))
		for i, s := range e.article {
			sentences[i] = s.text
			if i > 0 {
				sentences[i] = " " + s.text
			}
		}
		r.Context = append(r.Context, [2]any{e.name, sentences})
	}
	for _, f := range q.facts {
		support := [2]any{f.of.name, f.of.stating(f.key)}
		if !slices.Contains(r.Facts, support) {
			r.Facts = append(r.Facts, support)
		}
	}
	return r
}

// distractors returns the paragraphs that look like gold and are not: things
// of the same kinds, things that share a name or a value with the subjects or
// words with the question.
func (w *world) distractors(d *draw, q question) []*entity {
	type scored struct {
		e     *entity
		score int
	}
	first, second := q.subjects[0], q.subjects[1]
	asked := keywords(q.text)
	var all []scored
	for _, e := range w.entities {
		if slices.Contains(q.subjects, e) {
			continue
		}
		score := d.intn(7)
		for _, word := range e.keywords {
			if slices.Contains(asked, word) {
				score += 5
			}
		}
		score += 2*likeness(e, first) + 3*likeness(e, second)
		if first.mentions(e) || second.mentions(e) || e.mentions(second) || e.mentions(first) {
			score += 2
		}
		all = append(all, scored{e, score})
	}
	slices.SortStableFunc(all, func(x, y scored) int { return y.score - x.score })
	var out []*entity
	kinds := map[string]int{}
	for limit := 3; len(out) < paragraphs-len(q.subjects); limit++ {
		for _, s := range all {
			if len(out) < paragraphs-len(q.subjects) && kinds[s.e.kind] < limit && !slices.Contains(out, s.e) {
				out = append(out, s.e)
				kinds[s.e.kind]++
			}
		}
	}
	return out
}

// likeness counts what two entities have in common.
func likeness(a, b *entity) int {
	n := 0
	if a.kind == b.kind {
		n += 3
	} else if a.person && b.person {
		n++
	}
	for _, k := range [...]string{
		"nat", "short", "given", "birthplace", "town", "occ", "year", "founded", "river", "genre", "country",
		"region", "school", "spouse",
	} {
		if a.has(k) && agree(a.attrs[k], b.attrs[k]) {
			n++
		}
	}
	return n
}

// keywords returns the words of a text that say something, in lower case.
func keywords(text string) []string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !('a' <= r && r <= 'z' || r == '-' || '0' <= r && r <= '9')
	})
	common := words("which that with what from this were born town name when after whom river bridge award prize " +
		"medal university film novel both")
	return slices.DeleteFunc(fields, func(w string) bool {
		return len(w) < 4 || slices.Contains(common, w)
	})
}
