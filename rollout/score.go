package rollout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Pattern finds a score in what a command printed on its standard output. At
// most one of its fields is set.
type Pattern struct {
	// Regexp is a regular expression (RE2) with exactly one group, which holds
	// the number. It is looked for line by line; the last line that has it
	// counts.
	Regexp string
	// Pointer is a JSON pointer (RFC 6901) to the number in the JSON that the
	// command printed: its whole output, or else the last line of it that is
	// JSON. "/score" is the field "score" of an object.
	Pointer string
}

// ParsePattern reads a pattern as people write it: a JSON pointer if it begins
// with "/", and else a regular expression.
func ParsePattern(s string) (Pattern, error) {
	p := Pattern{Regexp: s}
	if strings.HasPrefix(s, "/") {
		p = Pattern{Pointer: s}
	}
	_, err := p.compile()
	return p, err
}

// finder is a compiled pattern.
type finder struct {
	re      *regexp.Regexp
	pointer []string
}

func (p Pattern) compile() (*finder, error) {
	switch {
	case p == Pattern{}:
		return nil, nil //nolint:nilnil // no pattern is a choice
	case p.Regexp != "" && p.Pointer != "":
		return nil, errors.New("score pattern: both a regular expression and a JSON pointer are given; give one")
	case p.Regexp != "":
		re, err := regexp.Compile(p.Regexp)
		if err != nil {
			return nil, fmt.Errorf("score pattern: %w", err)
		}
		if n := re.NumSubexp(); n != 1 {
			return nil, fmt.Errorf("score pattern %q has %d groups, want one that holds the number; write (?:…) for those that do not", p.Regexp, n)
		}
		return &finder{re: re}, nil
	case p.Pointer[0] != '/':
		return nil, fmt.Errorf("score pattern: JSON pointer %q does not begin with a slash", p.Pointer)
	}
	var parts []string
	for part := range strings.SplitSeq(p.Pointer[1:], "/") {
		parts = append(parts, strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~"))
	}
	return &finder{pointer: parts}, nil
}

// find returns the score, and the output without what is only there for it. An
// error says what is missing, for people and for reflection.
func (f *finder) find(output string) (score float64, rest string, err error) {
	if f.re != nil {
		return f.match(output)
	}
	text := strings.TrimSpace(output)
	before, last := cutLastLine(text)
	for _, candidate := range []string{text, last} {
		dec := json.NewDecoder(strings.NewReader(candidate))
		dec.UseNumber()
		var value any
		if dec.Decode(&value) != nil || dec.More() {
			continue
		}
		if candidate == text {
			before = ""
		}
		score, err := f.follow(value)
		return score, restOf(before, candidate), err
	}
	return 0, output, errors.New("the output is not JSON, and neither is its last line")
}

// restOf is what a JSON output says beside its score, as it stands.
func restOf(before, value string) string {
	var indented bytes.Buffer
	if json.Indent(&indented, []byte(value), "", "  ") == nil {
		value = indented.String()
	}
	return strings.TrimSpace(before + "\n" + value)
}

func cutLastLine(text string) (before, last string) {
	at := strings.LastIndexByte(text, '\n') + 1
	return text[:at], text[at:]
}

func (f *finder) match(output string) (float64, string, error) {
	lines := strings.Split(output, "\n")
	for i, line := range slices.Backward(lines) {
		m := f.re.FindStringSubmatch(strings.TrimSuffix(line, "\r"))
		if m == nil {
			continue
		}
		score, err := number(m[1])
		rest := strings.Join(append(lines[:i:i], lines[i+1:]...), "\n")
		return score, strings.TrimSpace(rest), err
	}
	return 0, output, fmt.Errorf("no line of the output matches the score pattern %q", f.re)
}

func number(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("the score %q is not a finite number", oneLine(s))
	}
	return v, nil
}

// follow goes where the pointer points.
func (f *finder) follow(value any) (float64, error) {
	for i, part := range f.pointer {
		at := "/" + strings.Join(f.pointer[:i+1], "/")
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[part]
			if !ok {
				return 0, fmt.Errorf("the output has no %s", at)
			}
			value = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return 0, fmt.Errorf("the output has no %s: the array has %d elements", at, len(v))
			}
			value = v[i]
		default:
			return 0, fmt.Errorf("the output has no %s: what should hold it is neither object nor array", at)
		}
	}
	switch v := value.(type) {
	case json.Number:
		return number(v.String())
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	default:
		return 0, fmt.Errorf("/%s of the output is no number", strings.Join(f.pointer, "/"))
	}
}
