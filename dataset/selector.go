package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// A selector picks a value out of a row and names it.
type selector struct {
	// name is what the value is called in the example.
	name string
	// from is the field's name, or where it begins with "/", a path.
	from string
	path []string // the steps of a path; one for a field
}

// parseSelector reads NAME, NAME=FIELD, NAME=/path or /path.
func parseSelector(text string) (selector, error) {
	name, from, renamed := strings.Cut(text, "=")
	if !renamed {
		from = name
	}
	s := selector{name: name, from: from, path: []string{from}}
	if strings.HasPrefix(from, "/") {
		s.path = strings.Split(from[1:], "/")
		for i, step := range s.path {
			s.path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		}
		if !renamed {
			s.name = s.path[len(s.path)-1]
		}
	}
	switch {
	case s.name == "" || from == "":
		return s, fmt.Errorf("dataset: field %q has no name: write NAME, NEW=OLD or NEW=/path/to/value", text)
	case s.name == "*" || isIndex(s.name):
		return s, fmt.Errorf("dataset: the value at %q needs a name: write NAME=%s", text, text)
	}
	return s, nil
}

func isIndex(step string) bool {
	_, err := strconv.Atoi(step)
	return err == nil && step != ""
}

// parseSelectors reads a list of them and refuses a name that is given twice.
func parseSelectors(texts []string) ([]selector, error) {
	out := make([]selector, len(texts))
	for i, text := range texts {
		var err error
		if out[i], err = parseSelector(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// field returns the name of the row's field that the value comes from.
func (s selector) field() string { return s.path[0] }

// pick returns the value that a selector points to. A path's step is the name
// of an object's field, the number of a list's item from 0 (from the end if
// negative), or * for every item of a list.
func (s selector) pick(fields gepa.Fields) (json.RawMessage, error) {
	value, ok := fields.Get(s.path[0])
	if !ok {
		return nil, fmt.Errorf("is missing%s", nearName(s.path[0], fields.Names()))
	}
	return walk(value, s.path[0], s.path[1:])
}

func walk(value json.RawMessage, at string, path []string) (json.RawMessage, error) {
	if len(path) == 0 {
		return value, nil
	}
	step := path[0]
	switch value := bytes.TrimSpace(value); value[0] {
	case '{':
		var fields gepa.Fields
		if err := json.Unmarshal(value, &fields); err != nil {
			return nil, fmt.Errorf("is no usable object at /%s: %w", at, err)
		}
		inner, ok := fields.Get(step)
		if !ok {
			return nil, fmt.Errorf("has no %q at /%s%s", step, at, nearName(step, fields.Names()))
		}
		return walk(inner, at+"/"+step, path[1:])
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(value, &items); err != nil {
			return nil, fmt.Errorf("is no usable list at /%s: %w", at, err)
		}
		if step == "*" {
			return walkAll(items, at, path[1:])
		}
		i, err := strconv.Atoi(step)
		if err != nil {
			return nil, fmt.Errorf("is a list at /%s, where %q is neither a number nor *", at, step)
		}
		if i < 0 {
			i += len(items)
		}
		if i < 0 || i >= len(items) {
			return nil, fmt.Errorf("has %s at /%s, and none is number %s", count(len(items), "item"), at, step)
		}
		return walk(items[i], at+"/"+step, path[1:])
	default:
		return nil, fmt.Errorf("is %s at /%s, where an object or a list is wanted", kindOf(value), at)
	}
}

func walkAll(items []json.RawMessage, at string, path []string) (json.RawMessage, error) {
	out := []byte{'['}
	for i, item := range items {
		inner, err := walk(item, at+"/"+strconv.Itoa(i), path)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, inner...)
	}
	return append(out, ']'), nil
}

// nearName names the field that was perhaps meant, or lists all there are.
func nearName(name string, names []string) string {
	for _, n := range names {
		if strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(name)) {
			return fmt.Sprintf(" (there is %q)", n)
		}
	}
	const most = 12
	shown := slices.Clone(names[:min(len(names), most)])
	for i := range shown {
		shown[i] = strconv.Quote(shown[i])
	}
	if len(names) > most {
		shown = append(shown, "…")
	}
	if len(shown) == 0 {
		return ""
	}
	return " (there are " + strings.Join(shown, ", ") + ")"
}
