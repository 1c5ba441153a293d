package metric

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NormalizeText reduces an answer to what is compared, as DSPy and HotpotQA's
// own evaluation do: canonical decomposition (NFD), lower case, ASCII
// punctuation removed, the articles a, an and the removed, white space
// collapsed to single spaces and trimmed. Like Python it takes letters,
// numbers and the underscore for parts of words and knows the final sigma.
// Bytes that are not UTF-8 become U+FFFD.
//
// Its Unicode version is that of Go and golang.org/x/text; characters newer
// than Python's version may differ from what Python does with them.
func NormalizeText(s string) string {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	s = lower(decompose(s))
	s = strings.Map(func(r rune) rune {
		if isPunctuation(r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.FieldsFunc(withoutArticles(s), isSpace), " ")
}

// decompose returns the canonical decomposition (NFD) of s. norm.NFD alone
// would put U+034F into runs of more than 30 combining marks, as for streams.
func decompose(s string) string {
	if isASCII(s) || norm.NFD.IsNormalString(s) {
		return s
	}
	chars := make([]decomposed, 0, len(s))
	marks := 0 // the length of the run of combining marks at the end
	add := func(r rune, class uint8) {
		if class == 0 {
			orderMarks(chars[len(chars)-marks:])
			marks = -1
		}
		chars = append(chars, decomposed{r, class})
		marks++
	}
	for i, r := range s {
		if r < utf8.RuneSelf {
			add(r, 0)
			continue
		}
		properties := norm.NFD.PropertiesString(s[i:])
		parts := properties.Decomposition()
		if isHangulSyllable(r) {
			parts = norm.NFD.Bytes([]byte(string(r)))
		}
		if parts == nil {
			add(r, properties.CCC())
		}
		for len(parts) > 0 {
			part, size := utf8.DecodeRune(parts)
			add(part, norm.NFD.Properties(parts).CCC())
			parts = parts[size:]
		}
	}
	orderMarks(chars[len(chars)-marks:])
	var b strings.Builder
	b.Grow(len(s) + len(s)/2)
	for _, c := range chars {
		b.WriteRune(c.r)
	}
	return b.String()
}

// A decomposed character and its canonical combining class.
type decomposed struct {
	r     rune
	class uint8
}

// orderMarks puts a run of combining marks into canonical order.
func orderMarks(run []decomposed) {
	if len(run) > 1 {
		slices.SortStableFunc(run, func(a, b decomposed) int { return int(a.class) - int(b.class) })
	}
}

// isHangulSyllable reports whether r is a precomposed Hangul syllable; their
// decomposition is computed, not listed.
func isHangulSyllable(r rune) bool { return r >= 0xAC00 && r <= 0xD7A3 }

// lower maps s to lower case by Unicode's full mapping without locale. After
// decomposition that differs from the mapping of single characters only in
// the capital sigma, which at the end of a word becomes ς.
func lower(s string) string {
	const sigma, small, final = 'Σ', "σ", "ς"
	if !strings.ContainsRune(s, sigma) {
		return strings.Map(unicode.ToLower, s)
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r != sigma:
			b.WriteRune(unicode.ToLower(r))
		case casedLast(s[:i]) && !casedFirst(s[i+len(string(sigma)):]):
			b.WriteString(final)
		default:
			b.WriteString(small)
		}
	}
	return b.String()
}

// casedLast reports whether s, but for trailing characters without case that
// words may hold, ends in a letter that has case.
func casedLast(s string) bool {
	for len(s) > 0 {
		r, size := utf8.DecodeLastRuneInString(s)
		if !isCaseIgnorable(r) {
			return isCased(r)
		}
		s = s[:len(s)-size]
	}
	return false
}

// casedFirst is casedLast for the beginning of s.
func casedFirst(s string) bool {
	for _, r := range s {
		if !isCaseIgnorable(r) {
			return isCased(r)
		}
	}
	return false
}

// isCased is Unicode's derived property Cased.
func isCased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// isCaseIgnorable is Unicode's derived property Case_Ignorable: marks, format
// characters, modifiers, and the punctuation that stands within words.
func isCaseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:·\u0387\u055F\u05F4‘’․‧\uFE13\uFE52\uFE55＇．：", r)
}

// withoutArticles replaces every word that is an article by a space.
func withoutArticles(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		end := strings.IndexFunc(s, func(r rune) bool { return !isWord(r) })
		if end < 0 {
			end = len(s)
		}
		switch word := s[:end]; word {
		case "a", "an", "the":
			b.WriteByte(' ')
		default:
			b.WriteString(word)
		}
		s = s[end:]
		next := strings.IndexFunc(s, isWord)
		if next < 0 {
			next = len(s)
		}
		b.WriteString(s[:next])
		s = s[next:]
	}
	return b.String()
}

// isWord reports whether Python's regular expressions take r for part of a
// word.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_'
}

// isSpace reports whether Python splits text at r: white space and the ASCII
// separators.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1C && r <= 0x1F }

// isPunctuation reports whether r is ASCII punctuation, symbols included.
func isPunctuation(r rune) bool {
	return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
