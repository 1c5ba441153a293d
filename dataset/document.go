package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gepa-go/gepa"
)

// listAt yields the items of the list at a key, or at a path that begins with
// "/", within one JSON document.
func (s *source) listAt(key string, yield func(row, error) bool) {
	if !json.Valid(s.data) {
		yield(row{}, s.syntaxError(errors.New("it ends too early, or goes on after its end")))
		return
	}
	path := []string{key}
	if strings.HasPrefix(key, "/") {
		path = strings.Split(key[1:], "/")
	}
	value, start := bytes.TrimSpace(s.data), len(s.data)-len(bytes.TrimLeft(s.data, " \t\r\n"))
	at := ""
	for _, step := range path {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		inner, offset, problem := member(value, step)
		if problem != "" {
			where := "the document "
			if at != "" {
				where = at + " "
			}
			yield(row{}, s.errorAt(start, where+problem, fmt.Sprintf("give the place of the list of examples as the key; it is %q now", key)))
			return
		}
		value, start, at = inner, start+offset, at+"/"+step
	}
	if value[0] != '[' {
		yield(row{}, s.errorAt(start, fmt.Sprintf("the value at %s is %s, want the list of examples", at, kindOf(value)), s.keyRemedy()))
		return
	}
	s.array(start, start+len(value), yield)
}

// member returns a field of a JSON object, or an item of a list, and where in
// the object its value begins.
func member(value []byte, step string) (inner []byte, offset int, problem string) {
	if value[0] != '{' {
		return nil, 0, fmt.Sprintf("is %s and has no %q", kindOf(value), step)
	}
	var fields gepa.Fields
	if err := json.Unmarshal(value, &fields); err != nil {
		return nil, 0, "cannot be used: " + err.Error()
	}
	if _, ok := fields.Get(step); !ok {
		return nil, 0, fmt.Sprintf("has no %q%s", step, nearName(step, fields.Names()))
	}
	dec := json.NewDecoder(bytes.NewReader(value))
	if _, err := dec.Token(); err != nil {
		return nil, 0, err.Error()
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, 0, err.Error()
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, 0, err.Error()
		}
		if name == step {
			return raw, int(dec.InputOffset()) - len(raw), ""
		}
	}
	return nil, 0, fmt.Sprintf("has no %q", step)
}

// keyRemedy says what to do about a document that is one object: name the list
// in it, if there is one.
func (s *source) keyRemedy() string {
	var fields gepa.Fields
	if json.Unmarshal(s.data, &fields) == nil {
		for _, f := range fields {
			value := bytes.TrimSpace(f.Value)
			if len(value) > 1 && value[0] == '[' && bytes.HasPrefix(bytes.TrimSpace(value[1:]), []byte("{")) {
				return fmt.Sprintf("if its examples are the list %q, give that as the key; else give one object a line", f.Name)
			}
		}
	}
	return formats
}
