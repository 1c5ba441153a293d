package py

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Str prints a value as Python's str does.
func Str(v Value) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Repr(v)
}

// Repr prints a value as Python's repr does.
func Repr(v Value) string {
	var b strings.Builder
	repr(&b, v)
	return b.String()
}

func repr(b *strings.Builder, v Value) {
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case Int:
		b.WriteString(string(v))
	case float64:
		b.WriteString(FloatRepr(v))
	case string:
		b.WriteString(quote(v))
	case List:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			repr(b, x)
		}
		b.WriteByte(']')
	case *Dict:
		b.WriteByte('{')
		for i, it := range v.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quote(it.Key))
			b.WriteString(": ")
			repr(b, it.Value)
		}
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("py: no Python value: %T", v))
	}
}

// FloatRepr prints a float as Python's repr does: the shortest digits that
// read back equal, with an exponent below 1e-4 and from 1e16 on.
func FloatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if exp < -4 || exp >= 16 {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func quote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	var b strings.Builder
	b.WriteByte(q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(q)
	return b.String()
}

// A Layout says how [Dumps] lays JSON out.
type Layout struct {
	// Indent is the number of spaces a level; 0 keeps everything on one line.
	Indent int
	// Compact leaves out the space after commas and colons.
	Compact bool
}

// Dumps writes a value as Python's json.dumps(ensure_ascii=False) does.
func Dumps(v Value, layout Layout) string {
	var b strings.Builder
	dump(&b, v, layout, 0)
	return b.String()
}

// JSON writes a value as compact JSON.
func JSON(v Value) []byte { return []byte(Dumps(v, Layout{Compact: true})) }

func dump(b *strings.Builder, v Value, l Layout, depth int) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case Int:
		b.WriteString(string(v))
	case float64:
		b.WriteString(jsonFloat(v))
	case string:
		QuoteJSON(b, v)
	case List:
		open(b, '[', len(v), l, depth)
		for i, x := range v {
			separate(b, i, l, depth)
			dump(b, x, l, depth+1)
		}
		shut(b, ']', len(v), l, depth)
	case *Dict:
		open(b, '{', len(v.Items), l, depth)
		for i, it := range v.Items {
			separate(b, i, l, depth)
			QuoteJSON(b, it.Key)
			b.WriteByte(':')
			if !l.Compact {
				b.WriteByte(' ')
			}
			dump(b, it.Value, l, depth+1)
		}
		shut(b, '}', len(v.Items), l, depth)
	default:
		panic(fmt.Sprintf("py: no Python value: %T", v))
	}
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return FloatRepr(f)
}

func open(b *strings.Builder, c byte, n int, l Layout, depth int) {
	b.WriteByte(c)
	if n > 0 {
		newline(b, l, depth+1)
	}
}

func separate(b *strings.Builder, i int, l Layout, depth int) {
	if i == 0 {
		return
	}
	b.WriteByte(',')
	if l.Indent > 0 {
		newline(b, l, depth+1)
	} else if !l.Compact {
		b.WriteByte(' ')
	}
}

func shut(b *strings.Builder, c byte, n int, l Layout, depth int) {
	if n > 0 {
		newline(b, l, depth)
	}
	b.WriteByte(c)
}

func newline(b *strings.Builder, l Layout, depth int) {
	if l.Indent > 0 {
		b.WriteByte('\n')
		b.WriteString(strings.Repeat(" ", l.Indent*depth))
	}
}

// QuoteJSON writes a JSON string in which only what must be is escaped.
func QuoteJSON(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\f':
			b.WriteString(`\f`)
		case '\b':
			b.WriteString(`\b`)
		default:
			if r < 0x20 {
				fmt.Fprintf(b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('"')
}
