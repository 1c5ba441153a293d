package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

func findJSON(s Spec, data string) (place, error) {
	body := strings.TrimPrefix(data, bom)
	skipped := len(data) - len(body)
	if err := validJSON(s, body); err != nil {
		return place{}, err
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	start, err := locate(d, body, s.steps(), "")
	if err != nil {
		return place{}, invalidf("%s: %w", s, err)
	}
	var value string
	if err := json.Unmarshal([]byte(body[start:d.InputOffset()]), &value); err != nil {
		return place{}, invalidf("%s: %w", s, err)
	}
	text := strings.TrimRight(value, "\n")
	tail := value[len(text):]
	return place{
		text: text, start: skipped + start, end: skipped + int(d.InputOffset()),
		forms: func(text string) []string { return []string{quoted(text + tail)} },
	}, nil
}

// quoted returns a text as a JSON string, which is a YAML string, too.
func quoted(text string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic("source: encode a string: " + err.Error()) // a string cannot fail
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func validJSON(s Spec, data string) error {
	var whole json.RawMessage
	err := json.Unmarshal([]byte(data), &whole)
	if err == nil {
		return nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		before := data[:min(int(syntax.Offset), len(data))]
		return invalidf("%s:%d: this is no JSON: %w", s.Path, 1+strings.Count(before, "\n"), err)
	}
	return invalidf("%s: this is no JSON: %w", s.Path, err)
}

// locate reads as far as the string that the steps lead to, and returns where
// it begins. It ends at the decoder's offset.
func locate(d *json.Decoder, data string, steps []string, path string) (int, error) {
	before := int(d.InputOffset())
	token, err := d.Token()
	if err != nil {
		return 0, err
	}
	delim, _ := token.(json.Delim)
	if len(steps) == 0 {
		if _, ok := token.(string); !ok {
			return 0, fmt.Errorf("%s is %s, and a text must be a string", called(path), kindOf(token))
		}
		return before + strings.IndexByte(data[before:], '"'), nil
	}
	want := path + "/" + steps[0]
	switch delim {
	case '{':
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return 0, err
			}
			if key == steps[0] {
				return locate(d, data, steps[1:], want)
			}
			if err := skip(d); err != nil {
				return 0, err
			}
		}
		return 0, fmt.Errorf("there is no %s in it", want)
	case '[':
		n, err := strconv.Atoi(steps[0])
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%s is an array, and %q is no place in one", called(path), steps[0])
		}
		for i := 0; d.More(); i++ {
			if i == n {
				return locate(d, data, steps[1:], want)
			}
			if err := skip(d); err != nil {
				return 0, err
			}
		}
		return 0, fmt.Errorf("there is no %s in it: the array is shorter", want)
	}
	return 0, fmt.Errorf("there is no %s in it: %s is %s", want, called(path), kindOf(token))
}

func skip(d *json.Decoder) error {
	var value json.RawMessage
	return d.Decode(&value)
}

func called(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

func kindOf(token json.Token) string {
	switch token.(type) {
	case json.Number, float64:
		return "a number"
	case bool:
		return "true or false"
	case nil:
		return "null"
	case string:
		return "a string"
	}
	if token == json.Delim('[') {
		return "an array"
	}
	return "an object"
}
