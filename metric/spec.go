package metric

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// A Spec describes one named measure; [Measures] lists them. The zero value of
// every field but Measure means its default.
type Spec struct {
	// Measure is the measure's name, for instance "f1".
	Measure string `json:"measure"`
	// Name is the objective's. Defaults to the measure's name.
	Name string `json:"name,omitempty"`
	// Weight is the objective's share of the score; 0 leaves it out of the
	// score and in the frontier. Defaults to 1.
	Weight *float64 `json:"weight,omitempty"`
	// Output is the field of the program's output that is measured. Defaults
	// to the only one, or "answer" where there are several.
	Output string `json:"output,omitempty"`
	// Label is the label that it is compared with. Defaults to the one named
	// as the output field, or else "answer", or else the only one.
	Label string `json:"label,omitempty"`

	// Pattern is the regular expression of regex. Defaults to the label's text.
	Pattern string `json:"pattern,omitempty"`
	// Schema is the JSON schema (draft 2020-12 or 7) of json_schema, SchemaFile
	// a file that holds it. Defaults to the label, which then holds a schema of
	// its own for every example.
	Schema     json.RawMessage `json:"schema,omitempty"`
	SchemaFile string          `json:"schema_file,omitempty"`
	// Tolerance and Relative are how far a number may be off: absolutely, or as
	// a share of the gold number; either will do. Default to equality.
	Tolerance float64 `json:"tolerance,omitempty"`
	Relative  float64 `json:"relative,omitempty"`
	// Choices are the letters of choice, for instance "ABCD", or the name of
	// the input that lists the texts of the choices. Defaults to "ABCDEFGHIJ".
	Choices string `json:"choices,omitempty"`
	// Min and Max are the range of latency (in seconds), cost (in dollars) and
	// length (see Unit) from best to worst; values beyond are worth as much as
	// the ends. Max is required where the weight is not 0.
	Min float64 `json:"min,omitempty"`
	Max float64 `json:"max,omitempty"`
	// Unit is what length counts: "words" or "characters". Defaults to words.
	Unit string `json:"unit,omitempty"`
}

// weight returns the weight, by default 1.
func (s Spec) weight() float64 {
	if s.Weight == nil {
		return 1
	}
	return *s.Weight
}

// name returns the objective's name.
func (s Spec) name() string {
	if s.Name == "" {
		return s.Measure
	}
	return s.Name
}

// ParseSpecs reads measures in one line: names with weights and, in brackets,
// the fields of [Spec] by their JSON names.
//
//	0.7*f1 + 0.3*exact
//	number(label=total, tolerance=0.01) + 0*length(max=200)
//	regex(pattern="^[A-Z]{3}$")
//
// A value that holds a comma, a bracket or a quotation mark stands in double
// quotes, as in JSON. The error names the column, in characters from 1.
func ParseSpecs(text string) ([]Spec, error) {
	p := &specParser{text: []rune(text)}
	var specs []Spec
	for {
		s, err := p.term()
		if err != nil {
			return nil, err
		}
		specs = append(specs, s)
		switch p.space(); {
		case p.at == len(p.text):
			return specs, nil
		case p.text[p.at] != '+':
			return nil, p.errorf("want + and another measure, or the end")
		}
		p.at++
	}
}

// A specParser reads specs from left to right.
type specParser struct {
	text []rune
	at   int
}

func (p *specParser) errorf(format string, args ...any) error {
	return fmt.Errorf("metric %q, column %d: %s", quoteless(string(p.text)), p.at+1, fmt.Sprintf(format, args...))
}

// quoteless clips a text for an error.
func quoteless(s string) string {
	if r := []rune(s); len(r) > mostRunes {
		return string(r[:mostRunes]) + "…"
	}
	return s
}

func (p *specParser) space() {
	for p.at < len(p.text) && unicode.IsSpace(p.text[p.at]) {
		p.at++
	}
}

// take returns the characters from here on that are accepted.
func (p *specParser) take(accept func(rune) bool) string {
	from := p.at
	for p.at < len(p.text) && accept(p.text[p.at]) {
		p.at++
	}
	return string(p.text[from:p.at])
}

func (p *specParser) is(r rune) bool { return p.at < len(p.text) && p.text[p.at] == r }

// term reads one measure with its weight.
func (p *specParser) term() (Spec, error) {
	var s Spec
	p.space()
	if number := p.take(func(r rune) bool { return unicode.IsDigit(r) || r == '.' }); number != "" {
		weight, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return s, p.errorf("%q is no weight", number)
		}
		s.Weight = &weight
		if p.space(); !p.is('*') {
			return s, p.errorf("want * after the weight %s", number)
		}
		p.at++
		p.space()
	}
	s.Measure = p.take(func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) })
	if s.Measure == "" {
		return s, p.errorf("want the name of a measure, such as f1")
	}
	if p.space(); !p.is('(') {
		return s, nil
	}
	p.at++
	for {
		p.space()
		if p.is(')') {
			p.at++
			return s, nil
		}
		if err := p.option(&s); err != nil {
			return s, err
		}
		switch p.space(); {
		case p.is(','):
			p.at++
		case !p.is(')'):
			return s, p.errorf("want , or ) after the value")
		}
	}
}

// option reads one key=value.
func (p *specParser) option(s *Spec) error {
	key := p.take(func(r rune) bool { return r == '_' || unicode.IsLetter(r) })
	if p.space(); key == "" || !p.is('=') {
		return p.errorf("want an option such as output=answer")
	}
	p.at++
	p.space()
	value, err := p.value()
	if err != nil {
		return err
	}
	return p.set(s, key, value)
}

// value reads a bare or a quoted value.
func (p *specParser) value() (string, error) {
	if !p.is('"') {
		return strings.TrimSpace(p.take(func(r rune) bool { return r != ',' && r != ')' && r != '"' })), nil
	}
	from := p.at
	for p.at++; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			p.at++
		}
	}
	if p.at >= len(p.text) {
		p.at = from
		return "", p.errorf("the quotation mark is never closed")
	}
	p.at++
	var value string
	if err := json.Unmarshal([]byte(string(p.text[from:p.at])), &value); err != nil {
		p.at = from
		return "", p.errorf(`the text in quotation marks is no JSON string (write \\ for a backslash)`)
	}
	return value, nil
}

// set sets a field of the spec by its JSON name.
func (p *specParser) set(s *Spec, key, value string) error {
	texts := map[string]*string{
		"name": &s.Name, "output": &s.Output, "label": &s.Label, "pattern": &s.Pattern, "schema_file": &s.SchemaFile,
		"choices": &s.Choices, "unit": &s.Unit,
	}
	numbers := map[string]*float64{"tolerance": &s.Tolerance, "relative": &s.Relative, "min": &s.Min, "max": &s.Max}
	switch {
	case texts[key] != nil:
		*texts[key] = value
	case numbers[key] != nil:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return p.errorf("%s=%s: want a number", key, value)
		}
		*numbers[key] = n
	case key == "weight":
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return p.errorf("weight=%s: want a number", value)
		}
		s.Weight = &n
	case key == "schema":
		s.Schema = json.RawMessage(value)
	default:
		return p.errorf("there is no option %q: the options are name, weight, output, label, pattern, schema, schema_file, choices, unit, tolerance, relative, min and max", key)
	}
	return nil
}
