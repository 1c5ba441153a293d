package dataset

import (
	"encoding/json"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// HotpotQA reads a file of HotpotQA (Yang et al., EMNLP 2018) in the
// distractor setting. It recognises by content the official JSON (an array
// with "_id", a context of [title, [sentence, …]] pairs and supporting facts
// of [title, sentence index] pairs), the rows of the Hugging Face data set
// ("id", context {"title": […], "sentences": […]}, supporting_facts {"title":
// […], "sent_id": […]}), and mixtures of the two; each as an array or as JSON
// lines. Equal content gives equal examples in every form.
//
// An example's inputs are "question", a string, and "context", a list with one
// string a paragraph (see [Paragraph]). Its labels are "answer", a string,
// and, where the file has them, "type" and "level", strings, and
// "supporting_facts", a list of [title, sentence index] pairs. Other fields
// are dropped. The id is the file's; see [Options] for one that has none.
//
// The data set's Parquet files have the rows' form: read them by [Load] with
// [FormHotpotQA] and the decoder of package dataset/parquet.
//
// An example without question, context or answer is an error, of type
// [*Error] like all others.
func HotpotQA(path string) ([]gepa.Example, error) {
	return Load(path, Options{Form: FormHotpotQA})
}

// ReadHotpotQA is [HotpotQA] for content that is no file; name stands for it
// in errors.
func ReadHotpotQA(r io.Reader, name string) ([]gepa.Example, error) {
	return Read(r, name, Options{Form: FormHotpotQA})
}

// Paragraph returns the text of a HotpotQA paragraph as programs see it: the
// title, " | " and the sentences in one line of text. HotpotQA's sentences
// bring their own leading spaces, and where one brings none it is often the
// rest of a sentence cut in two (`, reigned from 51 BC`); they are therefore
// joined as they are, and a space is put in only where two of them would
// otherwise run together: before a letter, a digit or an opening quotation
// mark. Spaces are never doubled at a seam.
func Paragraph(title string, sentences []string) string {
	var b strings.Builder
	b.WriteString(title)
	b.WriteString(" | ")
	last := ' '
	for _, s := range sentences {
		if unicode.IsSpace(last) {
			s = strings.TrimLeft(s, " ")
		}
		if s == "" {
			continue
		}
		if !unicode.IsSpace(last) && beginsSentence(s) {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		last, _ = utf8.DecodeLastRuneInString(s)
	}
	return b.String()
}

// beginsSentence reports whether s begins with a word, perhaps in quotation
// marks or brackets.
func beginsSentence(s string) bool {
	first, size := utf8.DecodeRuneInString(s)
	if strings.ContainsRune("\"'([“‘«", first) {
		first, _ = utf8.DecodeRuneInString(s[size:])
	}
	return unicode.IsLetter(first) || unicode.IsNumber(first)
}

// hotpotQA converts one row.
func (r *row) hotpotQA() (gepa.Example, error) {
	_, id, err := r.id("")
	if err != nil {
		return gepa.Example{}, err
	}
	h := hotpotRow{row: r, id: id}
	question := h.text("question", true)
	context := h.context()
	answer := h.text("answer", true)
	kind := h.text("type", false)
	level := h.text("level", false)
	facts := h.supportingFacts()
	if h.err != nil {
		return gepa.Example{}, h.err
	}
	ex := gepa.Example{
		ID:     id,
		Inputs: gepa.NewFields("question", question, "context", context),
		Labels: gepa.NewFields("answer", answer),
	}
	for _, label := range []struct {
		name  string
		value any
		there bool
	}{{"type", kind, kind != ""}, {"level", level, level != ""}, {"supporting_facts", facts, facts != nil}} {
		if !label.there {
			continue
		}
		raw, err := gepa.EncodeValue(label.value)
		if err != nil {
			return gepa.Example{}, err
		}
		ex.Labels = ex.Labels.Set(label.name, raw)
	}
	return ex, nil
}

// A hotpotRow decodes the fields of a row and keeps the first error.
type hotpotRow struct {
	*row
	id  string
	err error
}

func (h *hotpotRow) fail(field, remedy, problem string, args ...any) {
	if h.err == nil {
		h.err = h.errorf(h.id, field, remedy, problem, args...)
	}
}

// get returns a field; null counts as absent.
func (h *hotpotRow) get(field string, required bool, remedy string) (json.RawMessage, bool) {
	raw, ok := h.fields.Get(field)
	ok = ok && string(raw) != "null"
	if !ok && required {
		h.fail(field, remedy, "is missing")
	}
	return raw, ok
}

func (h *hotpotRow) text(field string, required bool) string {
	remedy := "give every example a string that is not empty, or remove the example"
	raw, ok := h.get(field, required, remedy)
	if !ok {
		return ""
	}
	var s string
	switch {
	case json.Unmarshal(raw, &s) != nil:
		h.fail(field, remedy, "is %s, want a string", kindOf(raw))
	case required && strings.TrimSpace(s) == "":
		h.fail(field, remedy, "is empty")
	}
	return s
}

// context returns the paragraphs as programs see them.
func (h *hotpotRow) context() []string {
	const field = "context"
	const remedy = `give it as [[title, [sentence, …]], …] or as {"title": […], "sentences": [[sentence, …], …]}`
	raw, ok := h.get(field, true, remedy)
	if !ok {
		return nil
	}
	var titles []string
	var sentences [][]string
	switch raw[0] {
	case '[':
		var pairs []pair[[]string]
		if err := json.Unmarshal(raw, &pairs); err != nil {
			h.fail(field, remedy, "does not have HotpotQA's form: %s", reason(err))
			return nil
		}
		for _, p := range pairs {
			titles, sentences = append(titles, p.title), append(sentences, p.value)
		}
	case '{':
		var columns struct {
			Title     []string   `json:"title"`
			Sentences [][]string `json:"sentences"`
		}
		if err := json.Unmarshal(raw, &columns); err != nil {
			h.fail(field, remedy, "does not have HotpotQA's form: %s", reason(err))
			return nil
		}
		titles, sentences = columns.Title, columns.Sentences
	default:
		h.fail(field, remedy, "is %s, want the paragraphs", kindOf(raw))
		return nil
	}
	if len(titles) != len(sentences) {
		h.fail(field, remedy, "has %d titles for %d paragraphs", len(titles), len(sentences))
		return nil
	}
	if len(titles) == 0 {
		h.fail(field, "give every example at least one paragraph, or remove the example", "is empty")
	}
	paragraphs := make([]string, len(titles))
	for i := range titles {
		paragraphs[i] = Paragraph(titles[i], sentences[i])
	}
	return paragraphs
}

// supportingFacts returns the [title, sentence index] pairs, nil if there are
// none.
func (h *hotpotRow) supportingFacts() [][2]any {
	const field = "supporting_facts"
	const remedy = `give them as [[title, sentence index], …] or as {"title": […], "sent_id": […]}, or leave them out`
	raw, ok := h.get(field, false, remedy)
	if !ok {
		return nil
	}
	facts := [][2]any{}
	switch raw[0] {
	case '[':
		var pairs []pair[int]
		if err := json.Unmarshal(raw, &pairs); err != nil {
			h.fail(field, remedy, "do not have HotpotQA's form: %s", reason(err))
			return nil
		}
		for _, p := range pairs {
			facts = append(facts, [2]any{p.title, p.value})
		}
	case '{':
		var columns struct {
			Title  []string `json:"title"`
			SentID []int    `json:"sent_id"`
		}
		if err := json.Unmarshal(raw, &columns); err != nil {
			h.fail(field, remedy, "do not have HotpotQA's form: %s", reason(err))
			return nil
		}
		if len(columns.Title) != len(columns.SentID) {
			h.fail(field, remedy, "have %d titles for %d sentences", len(columns.Title), len(columns.SentID))
			return nil
		}
		for i, title := range columns.Title {
			facts = append(facts, [2]any{title, columns.SentID[i]})
		}
	default:
		h.fail(field, remedy, "are %s, want a list", kindOf(raw))
	}
	return facts
}
