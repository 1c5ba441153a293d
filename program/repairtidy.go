package program

import (
	"regexp"
	"strings"
)

// hexNumber finds what json_repair takes for text and Python for a number.
var hexNumber = regexp.MustCompile(`\b0[xXoObB]`)

// bareScalar finds a number as people write it, or JavaScript's undefined, and
// the mark behind it.
var bareScalar = regexp.MustCompile(`^([+-]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)|undefined)[ \t\r\n]*([;,\]}])`)

// tidyScalars writes values outside of strings as JSON has them: 01, +1, .5,
// 1. and 1_000 as numbers, undefined as text, a missing one as empty text. A
// semicolon behind a number is a comma.
func tidyScalars(text string) string {
	var b strings.Builder
	sc := jsonScanner{text: text}
	last := byte(0) // the last byte outside of strings that is not blank
	for sc.at < len(text) {
		c, quoted := text[sc.at], sc.quoted
		if !quoted && c == '\'' {
			return text // strings that the scanner does not see
		}
		if m := bareScalar.FindStringSubmatch(text[sc.at:]); m != nil && !quoted && strings.IndexByte("[{:,;", last) >= 0 {
			b.WriteString(plainScalar(m[1]))
			for range len(m[0]) - 1 {
				sc.next()
			}
			last = '0'
			if m[2] == ";" {
				b.WriteByte(',')
				sc.at++
				last = ','
			}
			continue
		}
		sc.next()
		if !quoted && last == ':' && (c == '}' || c == ',') {
			b.WriteString(`""`)
		}
		b.WriteByte(c)
		if !quoted && strings.IndexByte(" \t\r\n", c) < 0 {
			last = c
		}
	}
	return b.String()
}

// plainScalar returns one of bareScalar's as JSON.
func plainScalar(s string) string {
	if s == "undefined" {
		return `"undefined"`
	}
	sign := ""
	if s[0] == '-' {
		sign = "-"
	}
	s = strings.TrimLeft(strings.ReplaceAll(strings.TrimLeft(s, "+-"), "_", ""), "0")
	if s == "" || s[0] == '.' {
		s = "0" + s
	}
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	return sign + s
}

// escapeQuotes escapes the quotes within strings that do not end them: those
// that no mark of JSON follows.
func escapeQuotes(text string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			i++
			b.WriteByte(text[i])
			continue
		case c == '"' && quoted:
			if rest := strings.TrimLeft(text[i+1:], " \t\r\n"); rest != "" && !strings.ContainsRune(",:]}", rune(rest[0])) {
				b.WriteByte('\\')
			} else {
				quoted = false
			}
		case c == '"':
			quoted = true
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
