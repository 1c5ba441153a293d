package program

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/kaptinlin/jsonrepair"

	"github.com/gepa-go/gepa/program/internal/py"
)

// maxNesting is how deep broken JSON may be nested for it to be repaired.
const maxNesting = 24

// nesting returns how deep the brackets of a text are nested, those in strings
// included.
func nesting(text string) int {
	depth, deepest := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth = max(depth-1, 0)
		}
	}
	return deepest
}

// repairJSON reads JSON out of a text, repairing what is broken as far as
// possible; text in which there is no JSON gives "". It stands for Python's
// json_repair.loads: bare words and numbers are no JSON unless they are all
// there is, text around an object or array is ignored, and of several values
// that look alike the last one counts.
func repairJSON(text string) py.Value {
	if v, err := py.Decode([]byte(text)); err == nil {
		return v
	}
	switch strings.Trim(text, " \t\r\n") {
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if nesting(text) > maxNesting {
		return "" // repairing takes time by the depth to a high power; no answer is so deep
	}
	var found py.List
	for rest := text; ; {
		start := strings.IndexAny(rest, "{[")
		if start < 0 {
			break
		}
		comma := strings.HasSuffix(strings.TrimSpace(rest[:start]), ",")
		v, n := nextValue(rest[start:])
		rest = rest[start+n:]
		switch {
		case len(found) == 0:
			found = append(found, v)
		case isEmpty(v):
		case isEmpty(found[len(found)-1]) || !comma && sameShape(found[len(found)-1], v):
			found[len(found)-1] = v
		default:
			found = append(found, v)
		}
	}
	switch len(found) {
	case 0:
		return ""
	case 1:
		return found[0]
	default:
		return found
	}
}

var headerRest = regexp.MustCompile(`^\[\[\s*(?:#[^\]\n]*(?:\]\])?|$)`)

// nextValue reads the object or array that the text starts with, and returns
// how much of the text it took.
func nextValue(text string) (py.Value, int) {
	if m := headerRest.FindString(text); m != "" {
		// A field header that was not recognised: what is in it is a comment
		// to json_repair.
		if strings.HasSuffix(m, "]]") {
			return py.List{py.List{}}, len(m)
		}
		return py.List{}, len(m)
	}
	dec := json.NewDecoder(strings.NewReader(text))
	var raw json.RawMessage
	if dec.Decode(&raw) == nil {
		if v, err := py.Decode(raw); err == nil {
			return v, int(dec.InputOffset())
		}
	}
	n, closed := extent(text)
	for _, piece := range []string{text[:n], text} {
		if v, ok := pythonLiteral(piece); ok && !hexNumber.MatchString(piece) {
			return v, len(piece)
		}
		tidy := tidyJSON(tidyScalars(piece))
		whole := tidy
		if !closed {
			tidy = dropTail(tidy)
			whole = closeAll(tidy)
		}
		if v, err := py.Decode([]byte(whole)); err == nil {
			return v, len(piece)
		}
		for _, attempt := range []string{tidy, whole, escapeQuotes(whole)} {
			repaired, err := jsonrepair.Repair(attempt)
			if err != nil {
				continue
			}
			if v, err := py.Decode([]byte(repaired)); err == nil {
				return v, len(piece)
			}
		}
	}
	return "", 1
}

// extent returns the length of the text up to the bracket that closes the
// first one, all of it if there is none.
func extent(text string) (n int, closed bool) {
	sc := jsonScanner{text: text}
	for sc.next() {
		if len(sc.open) == 0 {
			return sc.at, true
		}
	}
	return len(text), false
}

// A jsonScanner walks over text that should be JSON, byte by byte, and knows
// where in the text that is, as far as double quotes and brackets tell.
type jsonScanner struct {
	text   string
	at     int  // behind the byte last read
	quoted bool // within a string
	escape bool // behind a backslash in one
	open   []container
}

// A container is an object or array that is not closed yet.
type container struct {
	start   int  // of its bracket
	object  bool // it was opened by a brace
	members int  // complete ones, that is, commas
	colon   int  // behind the current member's colon; 0 before it
	comma   int  // of the current member's comma; 0 in the first
}

func (s *jsonScanner) next() bool {
	if s.at >= len(s.text) {
		return false
	}
	c := s.text[s.at]
	s.at++
	if s.quoted {
		s.quoted = s.escape || c != '"'
		s.escape = !s.escape && c == '\\'
		return true
	}
	switch c {
	case '"':
		s.quoted = true
	case '{', '[':
		s.open = append(s.open, container{start: s.at - 1, object: c == '{'})
	case '}', ']':
		s.open = s.open[:max(0, len(s.open)-1)]
	case ':', ',':
		if len(s.open) == 0 {
			break
		}
		top := &s.open[len(s.open)-1]
		if c == ':' {
			top.colon = s.at
		} else {
			top.members, top.colon, top.comma = top.members+1, 0, s.at-1
		}
	}
	return true
}

// tidyJSON cures what the repair library gives up on: control characters and
// unknown escapes within strings, repeated commas outside.
func tidyJSON(text string) string {
	var b strings.Builder
	sc := jsonScanner{text: text}
	comma := false
	for wasQuoted, wasEscape := false, false; sc.next(); wasQuoted, wasEscape = sc.quoted, sc.escape {
		c := text[sc.at-1]
		switch {
		case wasQuoted && wasEscape && !strings.ContainsRune("\"\\/bfnrtu'", rune(c)):
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' && c != '\n' && c != '\r' && c != '\t':
			if wasQuoted {
				fmt.Fprintf(&b, "\\u%04x", c)
			}
		case c == ',' && !wasQuoted && comma:
			// One comma is enough.
		default:
			b.WriteByte(c)
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			comma = c == ',' && !wasQuoted
		}
	}
	return b.String()
}

// dropTail removes from text that ends too early the member that has no value
// yet, and a closing fence.
func dropTail(text string) string {
	text = strings.TrimRight(text, " \t\r\n")
	text = strings.TrimRight(strings.TrimSuffix(text, "```"), " \t\r\n")
	if strings.HasSuffix(text, "}") || strings.HasSuffix(text, "]") {
		return text // it ends as it should; quotes within are what is broken
	}
	sc := jsonScanner{text: text}
	for sc.next() {
	}
	if len(sc.open) == 0 {
		return text
	}
	top := sc.open[len(sc.open)-1]
	from := max(top.start+1, top.comma+1)
	switch {
	case top.object && top.colon > 0 && strings.TrimSpace(text[top.colon:]) == "":
		return text + `""`
	case !top.object && sc.quoted && strings.TrimSpace(text[from:]) == `"`:
		return strings.TrimRight(text[:from], " \t\r\n,")
	case !top.object || top.colon > 0 || strings.TrimSpace(text[from:]) == "":
		return text
	case top.members == 0:
		// A brace before what turned out to be no key opens a list.
		return text[:top.start] + "[" + text[top.start+1:]
	default:
		return text[:top.comma]
	}
}

// closeAll ends the string and closes the brackets that are open at the end.
func closeAll(text string) string {
	sc := jsonScanner{text: text}
	for sc.next() {
	}
	switch {
	case sc.escape:
		text = text[:len(text)-1] + `"`
	case sc.quoted:
		// What looks like the brackets' ends is taken for them.
		text = strings.TrimRightFunc(text, func(r rune) bool {
			return slices.ContainsFunc(sc.open, func(c container) bool { return closer(c) == string(r) })
		}) + `"`
	default:
		text = strings.TrimRight(text, " \t\r\n,")
	}
	for _, v := range slices.Backward(sc.open) {
		text += closer(v)
	}
	return text
}

func closer(c container) string {
	if c.object {
		return "}"
	}
	return "]"
}

func isEmpty(v py.Value) bool {
	switch v := v.(type) {
	case py.List:
		return len(v) == 0
	case *py.Dict:
		return v.Len() == 0
	default:
		return v == "" || v == nil
	}
}

// sameShape reports whether two values have the same keys and lengths.
func sameShape(a, b py.Value) bool {
	switch a := a.(type) {
	case py.List:
		b, ok := b.(py.List)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameShape(a[i], b[i]) {
				return false
			}
		}
		return true
	case *py.Dict:
		b, ok := b.(*py.Dict)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for _, it := range a.Items {
			if v, ok := b.Get(it.Key); !ok || !sameShape(it.Value, v) {
				return false
			}
		}
		return true
	default:
		return className(a) == className(b)
	}
}
