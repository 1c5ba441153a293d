package py

import (
	"math"
	"strings"
	"unicode"
)

// IsSpace reports whether Python's str.isspace holds for r.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// Strip removes white space at both ends as str.strip does.
func Strip(s string) string { return strings.TrimFunc(s, IsSpace) }

// SplitLines splits at line ends as str.splitlines does.
func SplitLines(s string) []string {
	var lines []string
	start, skip := 0, -1
	for i, r := range s {
		if i == skip {
			start = i + 1
			continue
		}
		switch r {
		case '\n', '\v', '\f', '\r', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
			lines = append(lines, s[start:i])
			start = i + len(string(r))
			if r == '\r' && strings.HasPrefix(s[start:], "\n") {
				skip = start
			}
		}
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

// CleanDoc removes the indentation that lines after the first have in common,
// and blank lines at both ends, as inspect.cleandoc does with a docstring.
func CleanDoc(s string) string {
	lines := strings.Split(expandTabs(s), "\n")
	margin := math.MaxInt
	for _, line := range lines[1:] {
		if content := strings.TrimLeftFunc(line, IsSpace); content != "" {
			margin = min(margin, runes(line)-runes(content))
		}
	}
	lines[0] = strings.TrimLeftFunc(lines[0], IsSpace)
	for i := range lines[1:] {
		lines[i+1] = dropRunes(lines[i+1], margin)
	}
	if margin == math.MaxInt {
		// Python leaves lines alone when none after the first has content.
		copy(lines[1:], strings.Split(expandTabs(s), "\n")[1:])
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	return strings.Join(lines, "\n")
}

// Dedent removes the spaces and tabs that all lines start with, as
// textwrap.dedent does; lines of nothing else become empty.
func Dedent(s string) string {
	lines := strings.Split(s, "\n")
	margin, found := "", false
	for i, line := range lines {
		content := strings.TrimLeft(line, " \t")
		if content == "" {
			lines[i] = ""
			continue
		}
		indent := line[:len(line)-len(content)]
		if !found {
			margin, found = indent, true
			continue
		}
		margin = margin[:commonPrefix(margin, indent)]
	}
	if margin == "" {
		return strings.Join(lines, "\n")
	}
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, margin)
	}
	return strings.Join(lines, "\n")
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func expandTabs(s string) string {
	if !strings.Contains(s, "\t") {
		return s
	}
	var b strings.Builder
	column := 0
	for _, r := range s {
		switch r {
		case '\t':
			n := 8 - column%8
			b.WriteString(strings.Repeat(" ", n))
			column += n
		case '\n', '\r':
			b.WriteRune(r)
			column = 0
		default:
			b.WriteRune(r)
			column++
		}
	}
	return b.String()
}

func runes(s string) int { return len([]rune(s)) }

func dropRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[i:]
		}
		n--
	}
	return ""
}

// Title upper-cases the first letter of every run of letters and lower-cases
// the rest, as str.title does.
func Title(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		letter := unicode.IsLetter(r)
		defer func() { inWord = letter }()
		switch {
		case letter && !inWord:
			return unicode.ToTitle(r)
		case letter:
			return unicode.ToLower(r)
		default:
			return r
		}
	}, s)
}

// Capitalize upper-cases the first character and lower-cases the rest, as
// str.capitalize does.
func Capitalize(s string) string {
	for i, r := range s {
		return string(unicode.ToTitle(r)) + strings.ToLower(s[i+len(string(r)):])
	}
	return ""
}

// IsUpper reports whether there is a cased letter and none in lower case, as
// str.isupper does.
func IsUpper(s string) bool {
	upper := false
	for _, r := range s {
		if unicode.IsLower(r) || unicode.IsTitle(r) {
			return false
		}
		upper = upper || unicode.IsUpper(r)
	}
	return upper
}

// IsIdentifier reports whether s is a Python identifier.
func IsIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.Is(unicode.Nl, r) &&
			(i == 0 || !unicode.IsDigit(r) && !unicode.IsMark(r) && !unicode.Is(unicode.Pc, r)) {
			return false
		}
	}
	return s != ""
}
