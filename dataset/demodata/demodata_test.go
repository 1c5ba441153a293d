package demodata_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/dataset/demodata/internal/world"
)

type support struct {
	title    string
	sentence int
}

type paragraph struct {
	title     string
	sentences []string
}

type example struct {
	ID       string      `json:"id"`
	Question string      `json:"question"`
	Answer   string      `json:"answer"`
	Type     string      `json:"type"`
	Level    string      `json:"level"`
	Facts    []support   `json:"supporting_facts"`
	Context  []paragraph `json:"context"`
}

// UnmarshalJSON reads a pair [title, sentence index].
func (s *support) UnmarshalJSON(b []byte) error { return pair(b, &s.title, &s.sentence) }

// UnmarshalJSON reads a pair [title, sentences].
func (p *paragraph) UnmarshalJSON(b []byte) error { return pair(b, &p.title, &p.sentences) }

func pair(b []byte, first, second any) error {
	return json.Unmarshal(b, &[2]any{first, second})
}

func (e example) paragraph(title string) (paragraph, bool) {
	i := slices.IndexFunc(e.Context, func(p paragraph) bool { return p.title == title })
	if i < 0 {
		return paragraph{}, false
	}
	return e.Context[i], true
}

func (e example) yesNo() bool { return e.Answer == "yes" || e.Answer == "no" }

// splits decodes both splits; unknown fields are an error.
func splits(t *testing.T) map[string][]example {
	t.Helper()
	out := map[string][]example{}
	for name, data := range map[string][]byte{"train": demodata.Train(), "dev": demodata.Dev()} {
		for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
			dec := json.NewDecoder(bytes.NewReader(line))
			dec.DisallowUnknownFields()
			var e example
			if err := dec.Decode(&e); err != nil {
				t.Fatalf("%s.jsonl:%d: %v", name, i+1, err)
			}
			out[name] = append(out[name], e)
		}
	}
	return out
}

func TestDataAreWhatTheGeneratorWrites(t *testing.T) {
	for name, have := range map[string][]byte{"train": demodata.Train(), "dev": demodata.Dev()} {
		want, err := world.Split(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s.jsonl is not what the generator writes: run go generate ./dataset/demodata", name)
		}
	}
}

func TestAccessorsReturnCopies(t *testing.T) {
	demodata.Train()[0] = '!'
	if demodata.Train()[0] != '{' {
		t.Error("writing to a returned slice changed the embedded data")
	}
}

func TestSizeIsModest(t *testing.T) {
	for name, data := range map[string][]byte{"train": demodata.Train(), "dev": demodata.Dev()} {
		if len(data) > 1_200_000 {
			t.Errorf("%s.jsonl has %d bytes", name, len(data))
		}
	}
}

func TestMixOfQuestions(t *testing.T) {
	for name, examples := range splits(t) {
		count := map[string]int{}
		starts := map[string]bool{}
		goldAt := make([]int, 10)
		for _, e := range examples {
			count[e.Type]++
			count[e.Level]++
			if e.yesNo() {
				count[e.Answer]++
			}
			starts[strings.Fields(e.Question)[0]] = true
			for i, p := range e.Context {
				if slices.ContainsFunc(e.Facts, func(s support) bool { return s.title == p.title }) {
					goldAt[i]++
				}
			}
		}
		if len(examples) != world.Size {
			t.Errorf("%s: %d examples, want %d", name, len(examples), world.Size)
		}
		if b, c := count["bridge"], count["comparison"]; b < 140 || c < 40 || b+c != world.Size {
			t.Errorf("%s: %d bridge and %d comparison questions", name, b, c)
		}
		if count["yes"] != 10 || count["no"] != 10 {
			t.Errorf("%s: %d times yes, %d times no, want 10 of each", name, count["yes"], count["no"])
		}
		if count["easy"] == 0 || count["hard"] < 30 || count["easy"]+count["medium"]+count["hard"] != world.Size {
			t.Errorf("%s: levels %v", name, count)
		}
		if len(starts) < 12 {
			t.Errorf("%s: questions begin in only %d ways", name, len(starts))
		}
		for i, n := range goldAt {
			if n < 20 || n > 60 {
				t.Errorf("%s: %d gold paragraphs in place %d, want about 40", name, n, i)
			}
		}
	}
}

func TestStructure(t *testing.T) {
	for name, examples := range splits(t) {
		for _, e := range examples {
			if len(e.Context) != 10 {
				t.Errorf("%s: %d paragraphs", e.ID, len(e.Context))
			}
			titles := map[string]bool{}
			for _, p := range e.Context {
				if titles[p.title] {
					t.Errorf("%s: paragraph %q twice", e.ID, p.title)
				}
				titles[p.title] = true
				if len(p.sentences) < 1 || len(p.sentences) > 10 {
					t.Errorf("%s: %q has %d sentences", e.ID, p.title, len(p.sentences))
				}
				for i, s := range p.sentences {
					if strings.HasPrefix(s, " ") != (i > 0) {
						t.Errorf("%s: %q sentence %d: a space goes before every sentence but the first: %q", e.ID, p.title, i, s)
					}
				}
			}
			checkSupport(t, name, e)
		}
	}
}

func checkSupport(t *testing.T, split string, e example) {
	t.Helper()
	gold := map[string]bool{}
	answered := e.yesNo()
	for _, s := range e.Facts {
		p, ok := e.paragraph(s.title)
		if !ok || s.sentence < 0 || s.sentence >= len(p.sentences) {
			t.Errorf("%s %s: no sentence %d in %q", split, e.ID, s.sentence, s.title)
			continue
		}
		gold[s.title] = true
		answered = answered || strings.Contains(p.sentences[s.sentence], e.Answer) || s.title == e.Answer
	}
	if len(gold) != 2 {
		t.Errorf("%s: %d gold paragraphs, want 2", e.ID, len(gold))
	}
	if !answered {
		t.Errorf("%s: no supporting sentence holds the answer %q", e.ID, e.Answer)
	}
}

func TestSplitsShareNothing(t *testing.T) {
	type seen struct{ split, id string }
	ids, questions, titles, sentences := map[string]seen{}, map[string]seen{}, map[string]string{}, map[string]string{}
	all := splits(t)
	for _, split := range []string{"train", "dev"} {
		for _, e := range all[split] {
			for what, m := range map[string]map[string]seen{e.ID: ids, e.Question: questions} {
				if was, ok := m[what]; ok {
					t.Errorf("%s %s repeats %s %s: %q", split, e.ID, was.split, was.id, what)
				}
				m[what] = seen{split, e.ID}
			}
			for _, p := range e.Context {
				if was, ok := titles[p.title]; ok && was != split {
					t.Errorf("%q is a title in both splits", p.title)
				}
				titles[p.title] = split
				lead := p.sentences[0]
				if was, ok := sentences[lead]; ok && was != split {
					t.Errorf("%q opens an article in both splits", lead)
				}
				sentences[lead] = split
			}
		}
	}
	// An answer that names something in one split names nothing in the other.
	for split, other := range map[string]string{"train": "dev", "dev": "train"} {
		for _, e := range all[split] {
			if titles[e.Answer] == other {
				t.Errorf("%s: the answer %q is a title of %s", e.ID, e.Answer, other)
			}
		}
	}
}

func TestEnglish(t *testing.T) {
	wrong := []struct {
		what string
		re   *regexp.Regexp
	}{
		{"double space", regexp.MustCompile(`  `)},
		{"template left over", regexp.MustCompile(`[{}<>|~_\\]|\ba\(n\)`)},
		{"a before a vowel", regexp.MustCompile(`\b[Aa] "?([AEIOaeio]|[Uu]n[dfkl]|[Uu]ni[dmn]|18\d\d )`)},
		{"an before a consonant", regexp.MustCompile(`\b[Aa]n "?([B-DF-HJ-NP-TV-Zb-df-gj-np-tv-z]|uni[vqf]|1[0-79]\d\d )`)},
		{"word twice", regexp.MustCompile(`\b(a a|the the|The the|of of|in in|was was|by by|is is)\b`)},
		{"space before a stop", regexp.MustCompile(` [.,;:?)]`)},
		{"stop without a space", regexp.MustCompile(`[a-z][.,;:][A-Za-z]`)},
		{"stop twice", regexp.MustCompile(`[.,;:?]["]?[.,;:?]`)},
	}
	whole := regexp.MustCompile(`^ ?["A-Z].*[.]"?$`)
	for _, examples := range splits(t) {
		checked := map[string]bool{}
		for _, e := range examples {
			texts := []string{e.Question}
			for _, p := range e.Context {
				if checked[p.title] {
					continue
				}
				checked[p.title] = true
				for _, s := range p.sentences {
					texts = append(texts, s)
					if !whole.MatchString(s) {
						t.Errorf("%s: not a whole sentence: %q", e.ID, s)
					}
				}
			}
			if !strings.HasSuffix(e.Question, "?") {
				t.Errorf("%s: no question mark: %q", e.ID, e.Question)
			}
			for _, text := range texts {
				for _, w := range wrong {
					if w.re.MatchString(strings.ReplaceAll(text, "& Co.", "& Co")) {
						t.Errorf("%s: %s: %q", e.ID, w.what, text)
					}
				}
				if strings.Count(text, `"`)%2 != 0 || strings.Count(text, "(") != strings.Count(text, ")") {
					t.Errorf("%s: unbalanced quotes or brackets: %q", e.ID, text)
				}
			}
		}
	}
}

var (
	quotes  = regexp.MustCompile(`"[^"]*"`)
	names   = regexp.MustCompile(`\b\p{Lu}[\pL'-]*(?:[ –]\p{Lu}[\pL'-]*)*`)
	numbers = regexp.MustCompile(`\d[\d,]*`)
)

// skeleton is what is left of a text without its names and numbers.
func skeleton(s string) string {
	s = quotes.ReplaceAllString(strings.TrimSpace(s), "Q")
	return numbers.ReplaceAllString(names.ReplaceAllString(s, "X"), "9")
}

func TestTextVaries(t *testing.T) {
	for name, examples := range splits(t) {
		articles, questions := map[string][]string{}, map[string]int{}
		for _, e := range examples {
			questions[skeleton(e.Question)]++
			for _, p := range e.Context {
				articles[p.title] = p.sentences
			}
		}
		total, counts := 0, map[string]int{}
		for _, sentences := range articles {
			for _, s := range sentences {
				total++
				counts[skeleton(s)]++
			}
		}
		for s, n := range counts {
			if n*100 > 2*total {
				t.Errorf("%s: %d of %d sentences have the form %q", name, n, total, s)
			}
		}
		if len(counts)*5 < total*2 {
			t.Errorf("%s: %d sentences have only %d forms", name, total, len(counts))
		}
		for s, n := range questions {
			if n > 8 {
				t.Errorf("%s: %d questions have the form %q", name, n, s)
			}
		}
	}
}
