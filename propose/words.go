package propose

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A word is a run of letters and digits, or one letter of a script that is
// written without blanks.
type word struct {
	text       string // in lower case
	start, end int    // in the text it was found in
}

// wordsOf returns the words of a text.
func wordsOf(text string) []word {
	var out []word
	start := -1
	flush := func(end int) {
		if start >= 0 {
			out = append(out, word{strings.ToLower(text[start:end]), start, end})
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			flush(i)
			out = append(out, word{string(r), i, i + utf8.RuneLen(r)})
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			if start < 0 {
				start = i
			}
		case (r == '\'' || r == '’') && start >= 0:
			// within a word, or at its end, where it does no harm
		default:
			flush(i)
		}
	}
	flush(len(text))
	for i := range out {
		out[i].text = strings.TrimRight(out[i].text, "'’")
	}
	return out
}

// sequence is the text's words with a blank about each, so that one sequence
// holds another exactly if it holds those words in a row.
func sequence(text string) string {
	words := wordsOf(text)
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte(' ')
	for _, w := range words {
		b.WriteString(w.text)
		b.WriteByte(' ')
	}
	return b.String()
}

// sentencesOf splits a text at line breaks and after the marks that end
// sentences.
func sentencesOf(text string) []string {
	var out []string
	start := 0
	cut := func(end int) {
		if s := strings.TrimSpace(text[start:end]); s != "" {
			out = append(out, s)
		}
		start = end
	}
	for i, r := range text {
		switch r {
		case '\n', '。', '！', '？':
			cut(i + utf8.RuneLen(r))
		case '.', '!', '?', ';':
			if rest := text[i+1:]; rest == "" || rest[0] == ' ' || rest[0] == '\n' || rest[0] == '"' {
				cut(i + 1)
			}
		}
	}
	cut(len(text))
	return out
}
