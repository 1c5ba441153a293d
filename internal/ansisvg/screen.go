// Package ansisvg draws the text of a terminal's screen, with its colours, as
// an SVG picture. It knows the escape sequences that set colours and styles
// (SGR), which is what "tmux capture-pane -e" writes; other sequences are left
// out.
package ansisvg

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// look is how a piece of text is drawn. Colours are CSS colours, "" the usual.
type look struct {
	fg, bg                                     string
	bold, faint, italic, under, struck, turned bool
}

// run is a piece of a row with one look.
type run struct {
	look look
	text string
}

// parse splits a screen into rows of runs.
func parse(text string) [][]run {
	var rows [][]run
	var now look
	for row := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		var runs []run
		for row != "" {
			if row[0] == 0x1b {
				var sgr string
				var is bool
				if sgr, row, is = escape(row); is {
					now = now.apply(sgr)
				}
				continue
			}
			r, size := utf8.DecodeRuneInString(row)
			row = row[size:]
			if r < ' ' || r == 0x7f {
				continue
			}
			if n := len(runs); n > 0 && runs[n-1].look == now {
				runs[n-1].text += string(r)
			} else {
				runs = append(runs, run{now, string(r)})
			}
		}
		rows = append(rows, runs)
	}
	return rows
}

// escape cuts an escape sequence off the front of a text and reports whether it
// sets a style; its parameters are what it returns then.
func escape(text string) (sgr, rest string, is bool) {
	if len(text) < 2 {
		return "", "", false
	}
	switch text[1] {
	case '[': // a control sequence ends with a byte of this range
		for i := 2; i < len(text); i++ {
			if text[i] >= 0x40 && text[i] <= 0x7e {
				return text[2:i], text[i+1:], text[i] == 'm'
			}
		}
		return "", "", false
	case ']': // an operating system command ends with BEL or ST
		if _, rest, ended := strings.Cut(text, "\a"); ended {
			return "", rest, false
		}
		if _, rest, ended := strings.Cut(text[2:], "\x1b\\"); ended {
			return "", rest, false
		}
		return "", "", false
	case '(', ')': // a character set has one letter
		return "", text[min(3, len(text)):], false
	}
	return "", text[2:], false
}

// apply returns the look after a sequence of SGR parameters.
func (l look) apply(sgr string) look {
	var codes []int
	for field := range strings.FieldsFuncSeq(sgr, func(r rune) bool { return r == ';' || r == ':' }) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return l
		}
		codes = append(codes, n)
	}
	if len(codes) == 0 {
		return look{}
	}
	for len(codes) > 0 {
		n := codes[0]
		codes = codes[1:]
		switch {
		case n == 0:
			l = look{}
		case n == 1:
			l.bold = true
		case n == 2:
			l.faint = true
		case n == 3:
			l.italic = true
		case n == 4:
			l.under = true
		case n == 7:
			l.turned = true
		case n == 9:
			l.struck = true
		case n == 22:
			l.bold, l.faint = false, false
		case n == 23:
			l.italic = false
		case n == 24:
			l.under = false
		case n == 27:
			l.turned = false
		case n == 29:
			l.struck = false
		case n == 38:
			l.fg, codes = extended(codes)
		case n == 48:
			l.bg, codes = extended(codes)
		case n == 39:
			l.fg = ""
		case n == 49:
			l.bg = ""
		case n >= 30 && n <= 37:
			l.fg = indexed(n - 30)
		case n >= 90 && n <= 97:
			l.fg = indexed(n - 90 + 8)
		case n >= 40 && n <= 47:
			l.bg = indexed(n - 40)
		case n >= 100 && n <= 107:
			l.bg = indexed(n - 100 + 8)
		}
	}
	return l
}

// extended reads a colour of 256, or of red, green and blue.
func extended(codes []int) (string, []int) {
	switch {
	case len(codes) >= 2 && codes[0] == 5:
		return indexed(codes[1]), codes[2:]
	case len(codes) >= 4 && codes[0] == 2:
		return rgb(codes[1], codes[2], codes[3]), codes[4:]
	}
	return "", nil
}
