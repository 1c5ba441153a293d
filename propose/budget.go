package propose

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// EstimateTokens estimates how many tokens a model counts in a text: one for
// every four bytes of UTF-8, rounded up. For English prose that is near what
// tokenizers of today give; it is near for Cyrillic and Chinese, too, whose
// letters take two and three bytes.
func EstimateTokens(text string) int { return (len(text) + bytesPerToken - 1) / bytesPerToken }

const bytesPerToken = 4

// The sizes by which data is cut, in bytes.
const (
	// noteSize is the most that the note on a cut takes, with the blanks about
	// it.
	noteSize = 48
	// leastText is left of a text in any case.
	leastText = 16
	// usualText is how much room a text should have on average before whole
	// fields are left out.
	usualText = 128
	// fewestTexts of a record are not left out for want of room.
	fewestTexts = 4
	// longestName is how much is shown of a field's name in a record that has
	// to be cut.
	longestName = 64
	// leastRecord is what a record gets in any case.
	leastRecord = 128
	// titleSize is about what the titles of a call take.
	titleSize = 48
)

// fit returns the records cut to a budget of tokens of recorded text
// altogether; only beyond [leastRecord] bytes a record does it give more.
//
// Records share the budget fairly, and so do the texts within a record: what a
// short one leaves goes to the long ones. A text that gets less than it needs
// loses its middle, so no text is cut while a longer one in its record is not.
// Where there are so many texts in a record that nothing readable would be left
// of each, whole calls and fields are left out, from the middle.
func fit(records []record, tokens int) []record {
	sizes := make([]int, len(records))
	for i, r := range records {
		sizes[i] = r.size()
	}
	out := make([]record, len(records))
	for i, share := range shares(sizes, tokens*bytesPerToken) {
		out[i] = records[i]
		if share < sizes[i] {
			out[i] = records[i].cut(max(share, leastRecord))
		}
	}
	return out
}

// size is the length of a record's texts, names and titles.
func (r record) size() int {
	texts, names := r.sizes()
	for _, n := range texts {
		names += n
	}
	return names
}

// sizes returns the length of each text and that of all names and titles.
func (r record) sizes() (texts []int, names int) {
	names = titleSize * len(r.calls)
	r.edit(func(name string) string {
		names += len(name)
		return name
	}, func(text string) string {
		texts = append(texts, len(text))
		return text
	})
	return texts, names
}

// cut returns the record in about size bytes.
func (r record) cut(size int) record {
	if r.least() > size {
		r = r.thin(max(size/usualText, fewestTexts)).edit(func(name string) string { return cutMiddle(name, longestName) }, unchanged)
	}
	if r.least() > size {
		// Not even the rest can be shown: what was said about it is what counts.
		return record{score: r.score, traced: r.traced, made: r.made, feedback: cutMiddle(r.feedback, size)}
	}
	texts, names := r.sizes()
	given := shares(texts, size-names)
	next := 0
	return r.edit(unchanged, func(text string) string {
		n := given[next]
		next++
		return cutMiddle(text, n)
	})
}

// least is the size of a record in which every text is cut as far as it goes.
func (r record) least() int {
	texts, n := r.sizes()
	for _, size := range texts {
		n += min(size, noteSize+leastText)
	}
	return n
}

func unchanged(text string) string { return text }

// thin returns the record with about so many texts at most.
func (r record) thin(most int) record {
	texts, _ := r.sizes()
	if len(texts) <= most {
		return r
	}
	if n := len(r.calls); n > 2 {
		keep := max(2, n*most/len(texts))
		head := (keep + 1) / 2
		r.calls = append(slices.Clone(r.calls[:head]), r.calls[n-(keep-head):]...)
	}
	lists := 2 + 2*len(r.calls)
	fields := func(in gepa.Fields) gepa.Fields {
		keep := max(1, most/lists)
		if len(in) <= keep+1 {
			return in
		}
		head := (keep + 1) / 2
		out := append(slices.Clone(in[:head]), gepa.NewFields("…", fmt.Sprintf("[… %d fields left out …]", len(in)-keep))...)
		return append(out, in[len(in)-(keep-head):]...)
	}
	calls := slices.Clone(r.calls)
	for i, c := range calls {
		calls[i].inputs, calls[i].outputs = fields(c.inputs), fields(c.outputs)
	}
	r.calls, r.inputs, r.output = calls, fields(r.inputs), fields(r.output)
	return r
}

// edit returns the record with every field's name and every recorded text that
// is not empty replaced, in a fixed order.
func (r record) edit(name, text func(string) string) record {
	edit := func(s string) string {
		if s == "" {
			return ""
		}
		return text(s)
	}
	fields := func(in gepa.Fields) gepa.Fields {
		out := slices.Clone(in)
		for i := range out {
			out[i].Name = name(out[i].Name)
			old := valueText(out[i].Value)
			if edited := edit(old); edited != old {
				out[i].Value = gepa.NewFields("", edited)[0].Value
			}
		}
		return out
	}
	calls := slices.Clone(r.calls)
	for i, c := range calls {
		calls[i].inputs, calls[i].outputs, calls[i].reply, calls[i].problem = fields(c.inputs), fields(c.outputs), edit(c.reply), edit(c.problem)
	}
	r.calls = calls
	r.inputs, r.output = fields(r.inputs), fields(r.output)
	r.problem, r.feedback = edit(r.problem), edit(r.feedback)
	return r
}

// shares divides total among parts of the given sizes: each gets what it
// needs or, where that is too much for all, an equal share of what is left.
func shares(sizes []int, total int) []int {
	out := make([]int, len(sizes))
	order := make([]int, len(sizes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return sizes[a] - sizes[b] })
	for n, i := range order {
		out[i] = min(sizes[i], total/(len(order)-n))
		total -= out[i]
	}
	return out
}

// cutTexts cuts texts to a budget of tokens altogether, by [shares].
func cutTexts(texts []string, tokens int) []string {
	sizes := make([]int, len(texts))
	for i, t := range texts {
		sizes[i] = len(t)
	}
	out := make([]string, len(texts))
	for i, share := range shares(sizes, tokens*bytesPerToken) {
		out[i] = cutMiddle(texts[i], share)
	}
	return out
}

// cutMiddle returns a text of more than n bytes with its middle replaced by a
// note that says how many characters it had, so that n bytes are left in all:
// of the text two thirds from its beginning, one from its end. Of a text that
// is cut it leaves at least [leastText] bytes beside the note. Characters are
// left whole.
func cutMiddle(text string, n int) string {
	if len(text) <= n {
		return text
	}
	keep := max(n-noteSize, leastText)
	if keep+noteSize >= len(text) {
		return text
	}
	head := keep * 2 / 3
	tail := len(text) - (keep - head)
	for head > 0 && !utf8.RuneStart(text[head]) {
		head--
	}
	for tail < len(text) && !utf8.RuneStart(text[tail]) {
		tail++
	}
	return text[:head] + " [… " + strconv.Itoa(utf8.RuneCountInString(text[head:tail])) + " characters left out …] " + text[tail:]
}
