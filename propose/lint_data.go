package propose

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// lintData is what the rules about data know of a text and the examples that
// its writer saw.
type lintData struct {
	text string
	// seq and old are the words of the text and those of the texts that it may
	// draw on.
	seq, old string
	examples []lintExample
}

// A lintExample is one example's data, as texts.
type lintExample struct {
	labels, inputs, outputs []string
	fields                  []string // names of inputs and outputs
	// inputSeqs and outputSeqs are the words of the inputs and of the outputs.
	inputSeqs, outputSeqs []string
}

// seqs are the words of all of an example's data but its labels.
func (e lintExample) seqs() []string { return slices.Concat(e.inputSeqs, e.outputSeqs) }

func newLintData(p Proposed) *lintData {
	d := &lintData{text: p.Text, seq: sequence(p.Text), old: sequence(p.Current)}
	for _, source := range p.Sources {
		d.old += sequence(source)
	}
	d.old += ownPrompts(p.Examples)
	seen := map[string]bool{}
	for _, x := range p.Examples {
		// The same item twice is one example.
		if hash := x.Example.Hash(); !seen[hash] {
			seen[hash] = true
			d.examples = append(d.examples, newLintExample(x))
		}
	}
	return d
}

func newLintExample(x gepa.Reflected) lintExample {
	var e lintExample
	add := func(to *[]string, fields gepa.Fields) {
		for _, f := range fields {
			e.fields = append(e.fields, f.Name)
			for _, text := range stringsIn(f.Value) {
				if !slices.Contains(*to, text) {
					*to = append(*to, text)
				}
			}
		}
	}
	add(&e.inputs, x.Example.Inputs)
	for _, step := range x.Rollout.Trace {
		add(&e.inputs, step.Inputs)
		add(&e.outputs, step.Outputs)
		if n := len(step.Exchanges); n > 0 && len(step.Outputs) == 0 {
			e.outputs = append(e.outputs, step.Exchanges[n-1].Reply)
		}
	}
	add(&e.outputs, x.Rollout.Output)
	for _, f := range x.Example.Labels {
		e.labels = append(e.labels, stringsIn(f.Value)...)
	}
	e.inputSeqs, e.outputSeqs = sequences(e.inputs), sequences(e.outputs)
	return e
}

func sequences(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = sequence(text)
	}
	return out
}

// ownPrompts returns the words of the system messages that several examples
// were run with: what the program itself says, such as the values that a field
// may have. A message with data in it is that of one example.
func ownPrompts(examples []gepa.Reflected) string {
	holders, out := map[string]string{}, ""
	for _, x := range examples {
		for _, step := range x.Rollout.Trace {
			for _, exchange := range step.Exchanges {
				for _, m := range exchange.Messages {
					if m.Role != "system" {
						continue
					}
					first, known := holders[m.Content]
					switch {
					case !known:
						holders[m.Content] = x.Example.ID
					case first != "" && first != x.Example.ID:
						holders[m.Content] = ""
						out += sequence(m.Content)
					}
				}
			}
		}
	}
	return out
}

// stringsIn returns the texts and numbers in a JSON value, in order; names of
// members are none.
func stringsIn(raw json.RawMessage) []string {
	var text string
	var number json.Number
	var list []json.RawMessage
	var object gepa.Fields
	switch {
	case json.Unmarshal(raw, &text) == nil:
		return []string{text}
	case json.Unmarshal(raw, &list) == nil:
	case json.Unmarshal(raw, &object) == nil:
		for _, f := range object {
			list = append(list, f.Value)
		}
	case json.Unmarshal(raw, &number) == nil:
		return []string{number.String()}
	}
	var out []string
	for _, item := range list {
		out = append(out, stringsIn(item)...)
	}
	return out
}

// hasField reports whether a field of the program is named after a topic.
func (d *lintData) hasField(topic string) bool {
	return slices.ContainsFunc(d.examples, func(e lintExample) bool {
		return slices.ContainsFunc(e.fields, func(name string) bool { return containsFold(name, topic) })
	})
}

// goldAnswer finds an example's expected answer in the text. Answers that are
// no secret of one example are passed over: see [lintData.isSpecific].
func (l Linter) goldAnswer(d *lintData) string {
	for i, e := range d.examples {
		for _, label := range e.labels {
			seq := sequence(label)
			if seq == "" || strings.Contains(d.old, seq) || !strings.Contains(d.seq, seq) ||
				slices.ContainsFunc(l.Allow, func(a string) bool { return sequence(a) == seq }) {
				continue
			}
			if d.isSpecific(i, label, seq) {
				return "it names the expected answer of a recorded example, which no other input will have: " + quoted(label)
			}
		}
	}
	return ""
}

// The thresholds of what counts as an answer of its own.
const (
	goldWords   = 5  // so many words are no class's name
	goldLetters = 24 // and have this many bytes
	nameLetters = 7  // of a name of several words
	wordLetters = 5  // of a name of one word
	goldDigits  = 4  // of a number, unless it is round
)

// isSpecific reports whether a label is an answer to one example, as opposed
// to a class, a common word or a round number, which an instruction may well
// name.
func (d *lintData) isSpecific(example int, label, seq string) bool {
	for i, other := range d.examples {
		same := func(text string) bool { return sequence(text) == seq }
		if i != example && (slices.ContainsFunc(other.labels, same) || slices.Contains(other.outputSeqs, seq)) {
			return false // a class: several examples have it
		}
	}
	words := wordsOf(label)
	if len(words) >= goldWords && len(label) >= goldLetters {
		return true
	}
	if digits, round := digitsOf(label); digits == len(strings.ReplaceAll(seq, " ", "")) {
		return digits >= goldDigits && !round
	}
	letters := 0
	for _, r := range label {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	// A name: it is written as one, and the example's inputs hold it.
	if !isName(label) || !holds(d.examples[example].inputSeqs, seq) {
		return false
	}
	if len(words) > 1 {
		return letters >= nameLetters
	}
	return letters >= wordLetters && !isCommonName(seq) && namedWithin(d.text, label[words[0].start:words[0].end])
}

// digitsOf counts a text's digits and reports whether all but the first are 0.
func digitsOf(text string) (n int, round bool) {
	round = true
	for _, r := range text {
		if unicode.IsDigit(r) {
			round = round && (n == 0 || r == '0')
			n++
		}
	}
	return n, round
}

// isName reports whether a text is written like a name, or holds a number: a
// capital letter that is not the whole of it, as in CLASS_NAMES, or a digit.
func isName(text string) bool {
	upper := strings.IndexFunc(text, unicode.IsUpper) >= 0
	lower := strings.IndexFunc(text, unicode.IsLower) >= 0
	return upper && lower || strings.IndexFunc(text, unicode.IsDigit) >= 0
}

// isCommonName reports whether a word (as a [sequence]) is one that
// instructions use, written with a capital though it is.
func isCommonName(seq string) bool {
	switch strings.TrimSpace(seq) {
	case "false", "unknown", "other", "neither", "positive", "negative", "neutral", "mixed", "entailment", "contradiction",
		"english", "french", "german", "spanish", "chinese", "japanese", "italian", "russian", "american", "british",
		"january", "february", "march", "april", "august", "september", "october", "november", "december",
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
		"python", "javascript", "markdown", "latex", "wikipedia", "unicode":
		return true
	}
	return false
}

// namedWithin reports whether a word stands in a text, written as it is, where
// no sentence begins: there any word has a capital.
func namedWithin(text, name string) bool {
	words := wordsOf(text)
	for i, w := range words {
		if text[w.start:w.end] != name {
			continue
		}
		if i == 0 {
			continue
		}
		if between := text[words[i-1].end:w.start]; !strings.ContainsAny(between, ".!?:\n") {
			return true
		}
	}
	return false
}

// copiedBytes is how long a copied passage is at least.
const copiedBytes = 40

// copiedPassage finds a passage of one example in the text. What stands in
// several examples is the form of the task and no example.
func (l Linter) copiedPassage(p Proposed, d *lintData) string {
	n := l.CopiedWords
	words := wordsOf(p.Text)
	if len(words) < n {
		return ""
	}
	holders := map[string][]int{} // of a run of words
	for i := 0; i+n <= len(words); i++ {
		holders[gram(words[i:i+n])] = nil
	}
	for i, e := range d.examples {
		for _, text := range slices.Concat(e.inputs, e.labels) {
			own := wordsOf(text)
			for k := 0; k+n <= len(own); k++ {
				run := gram(own[k : k+n])
				if who, wanted := holders[run]; wanted && !slices.Contains(who, i) {
					holders[run] = append(who, i)
				}
			}
		}
	}
	for i := 0; i+n <= len(words); i++ {
		run := gram(words[i : i+n])
		start, end := words[i].start, words[i+n-1].end
		if len(holders[run]) != 1 || strings.Contains(d.old, " "+run+" ") {
			continue
		}
		// The passage goes on as long as every further word does.
		for k := i + 1; k+n <= len(words) && len(holders[gram(words[k:k+n])]) == 1; k++ {
			end = words[k+n-1].end
		}
		if end-start >= copiedBytes {
			return "it repeats a passage of a recorded example, which no other input will have: " + quoted(p.Text[start:end])
		}
	}
	return ""
}

// gram is a run of words as one text.
func gram(words []word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	return b.String()
}

var (
	// fenceLine matches the lines of a fence.
	fenceLine = regexp.MustCompile(`<<<<< data\b|\bdata [0-9a-f]{12} >>>>>`)
	// hijack matches what tries to take a model over.
	hijack = regexp.MustCompile(`(?i)\b(ignore|disregard|forget|override|bypass)\b.{0,40}\b(instructions?|prompts?|rules|guidelines|directions|everything|above)\b|` +
		`\byou are now\b|\bfrom now on\b|\bsystem prompt\b|\b(developer|admin|god|jailbreak) mode\b|\breveal\b.{0,30}\b(prompt|instructions?|keys?|passwords?|secrets?)\b`)
	// order matches a sentence that tells somebody what to do.
	order = regexp.MustCompile(`(?i)^[^\pL]*((please|always|never|now) )?(always|never|do not|don't|you must|you should|say|print|output|reply|respond|answer|write|send|tell|stop|pretend|act as|include|append|end your|begin your|start your)\b`)
)

// The least words of a sentence that counts as copied.
const (
	hijackWords = 3
	orderWords  = 4
)

// injected finds what the data, or somebody behind them, put into the text.
func injected(p Proposed, d *lintData) string {
	if fenceLine.MatchString(p.Text) && !fenceLine.MatchString(p.Current) || p.Fence != "" && strings.Contains(p.Text, p.Fence) {
		return "it repeats a mark of the fence around the recorded data"
	}
	if hasHidden(p.Text) && !hasHidden(p.Current) {
		return "it holds characters that nobody sees"
	}
	if d.hasOrder(sentencesOf(p.Text), func(seq string) bool { return d.holders(seq) > 0 }) {
		return "it repeats an order that stands in the recorded data"
	}
	for _, e := range d.examples {
		for _, text := range slices.Concat(e.inputs, e.outputs) {
			if d.hasOrder(sentencesOf(text), func(seq string) bool { return strings.Contains(d.seq, seq) }) {
				return "it repeats an order that stands in the recorded data"
			}
		}
	}
	return ""
}

// hasOrder reports whether one of the sentences is an order that is new in the
// text, and of which taken says that it is in both, the text and the data. A
// plain order that stands in several examples is the form of the task.
func (d *lintData) hasOrder(sentences []string, taken func(seq string) bool) bool {
	for _, s := range sentences {
		seq := sequence(s)
		n := strings.Count(seq, " ") - 1
		// The cheap questions first: nearly no sentence is in both.
		if n < hijackWords || !taken(seq) || strings.Contains(d.old, seq) {
			continue
		}
		if hijack.MatchString(s) || n >= orderWords && order.MatchString(s) && d.holders(seq) == 1 {
			return true
		}
	}
	return false
}

// holders counts the examples whose inputs or outputs have the words in a row.
func (d *lintData) holders(seq string) int {
	n := 0
	for _, e := range d.examples {
		if holds(e.seqs(), seq) {
			n++
		}
	}
	return n
}

// holds reports whether one of the texts has the words in a row.
func holds(seqs []string, seq string) bool {
	return slices.ContainsFunc(seqs, func(s string) bool { return strings.Contains(s, seq) })
}

// hasHidden reports whether a text holds characters that show nothing and can
// carry words or turn their order around: Unicode's tags and its overrides of
// writing direction.
func hasHidden(text string) bool {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r >= 0xe0000 && r <= 0xe007f && !inFlag(text[:i]) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return true
		}
		i += n
	}
	return false
}

// inFlag reports whether a text ends within the emoji of a flag, which is a
// black flag and tags.
func inFlag(before string) bool {
	before = strings.TrimRightFunc(before, func(r rune) bool { return r >= 0xe0000 && r <= 0xe007f })
	return strings.HasSuffix(before, "\U0001f3f4")
}
