package propose

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// A record is what one example showed about one component.
type record struct {
	score float64
	// calls are the component's calls, in order; empty if there were none.
	calls []callRecord
	// made is how many calls there were, more than calls if some are left out.
	made int
	// traced is false for a system that gives no traces at all.
	traced bool
	// inputs are the example's own, shown where there is no call.
	inputs gepa.Fields
	// output is the program's, shown unless a call's outputs are the same.
	output gepa.Fields
	// problem is why the program failed.
	problem string
	// feedback is what was right and wrong.
	feedback string
}

type callRecord struct {
	// number is the call's place among the component's calls, from 1.
	number          int
	inputs, outputs gepa.Fields
	// reply is the raw reply, where nothing could be read from it.
	reply   string
	problem string
}

func newRecord(component string, x gepa.Reflected, feedback string) record {
	r := record{
		score:    x.Rollout.Score,
		traced:   len(x.Rollout.Trace) > 0,
		output:   x.Rollout.Output,
		problem:  x.Rollout.Problem,
		feedback: feedback,
	}
	for _, s := range x.Rollout.Trace {
		if s.Component != component {
			continue
		}
		r.made++
		c := callRecord{number: r.made, inputs: s.Inputs, outputs: s.Outputs, problem: s.Problem}
		if n := len(s.Exchanges); n > 0 && len(s.Outputs) == 0 {
			c.reply = s.Exchanges[n-1].Reply
		}
		r.calls = append(r.calls, c)
	}
	if len(r.calls) == 0 {
		r.inputs = x.Example.Inputs
	} else if slices.ContainsFunc(r.calls, func(c callRecord) bool { return sameFields(c.outputs, r.output) }) {
		r.output = nil
	}
	return r
}

func sameFields(a, b gepa.Fields) bool {
	return slices.EqualFunc(a, b, func(x, y gepa.Field) bool {
		return x.Name == y.Name && string(x.Value) == string(y.Value)
	})
}

// notCalled says what a record without calls has to say about that.
func (r record) notCalled() string {
	switch {
	case r.made > 0:
		return "The component's calls are left out for want of room."
	case r.traced:
		return "The component was not called on this example."
	}
	return "The calls of the component were not recorded."
}

// fields is the record in the shape that gepa in Python gives to it.
func (r record) fields() gepa.Fields {
	var out gepa.Fields
	set := func(name string, value any) { out = append(out, gepa.NewFields(name, value)...) }
	call := func(c callRecord) gepa.Fields {
		f := gepa.NewFields("Inputs", c.inputs)
		if len(c.outputs) == 0 && c.reply != "" {
			f = append(f, gepa.NewFields("Generated Outputs", c.reply)...)
		} else {
			f = append(f, gepa.NewFields("Generated Outputs", c.outputs)...)
		}
		if c.problem != "" {
			f = append(f, gepa.NewFields("Problem", c.problem)...)
		}
		return f
	}
	switch {
	case len(r.calls) == 0:
		set("Inputs", r.inputs)
		set("Generated Outputs", r.output)
		if r.traced || r.made > 0 {
			set("Note", r.notCalled())
		}
	case r.made == 1:
		out = call(r.calls[0])
	default:
		for _, c := range r.calls {
			set("Call "+strconv.Itoa(c.number), call(c))
		}
	}
	if r.problem != "" {
		set("Problem of the Program", r.problem)
	}
	set("Feedback", r.feedback)
	return out
}

// bodies are the recorded parts of records as text.
func bodies(records []record) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = r.body()
	}
	return out
}

// fencedRecords lays out records for the default template, what was recorded
// within the fence.
func fencedRecords(records []record, f fence) string {
	var b strings.Builder
	b.WriteString(f.label("the component"))
	for i, r := range records {
		fmt.Fprintf(&b, "\nExample %d of %d, score %s\n%s\n", i+1, len(records), number(r.score), f.around(r.body()))
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// body is the recorded part of a record as text.
func (r record) body() string {
	var b strings.Builder
	section := func(title, text string) {
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(title + ":\n" + text)
	}
	for _, c := range r.calls {
		which := ""
		if r.made > 1 {
			which = fmt.Sprintf(" of call %d of %d", c.number, r.made)
		}
		section("Inputs"+which, fieldLines(c.inputs))
		switch {
		case len(c.outputs) > 0:
			section("Outputs"+which, fieldLines(c.outputs))
		case c.reply != "":
			section("Raw reply"+which, c.reply)
		}
		if c.problem != "" {
			section("Problem"+which, c.problem)
		}
	}
	if len(r.calls) == 0 {
		section("Note", r.notCalled())
		if r.made == 0 {
			section("Inputs of the program", fieldLines(r.inputs))
		}
	}
	if len(r.output) > 0 {
		section("Final output of the program", fieldLines(r.output))
	}
	if r.problem != "" {
		section("Problem of the program", r.problem)
	}
	feedback := r.feedback
	if feedback == "" {
		feedback = "(none)"
	}
	section("Feedback", feedback)
	return b.String()
}

// fieldLines writes fields as "name: value", with a value of several lines
// below its name.
func fieldLines(fields gepa.Fields) string {
	if len(fields) == 0 {
		return "(none)"
	}
	lines := make([]string, len(fields))
	for i, f := range fields {
		text := valueText(f.Value)
		sep := " "
		if strings.Contains(text, "\n") {
			sep = "\n"
		}
		lines[i] = f.Name + ":" + sep + text
	}
	return strings.Join(lines, "\n")
}

// valueText writes a value for people: a string as it is, a list of strings
// with one numbered item a line, anything else as JSON.
func valueText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return string(raw)
	}
	for i := range list {
		list[i] = fmt.Sprintf("[%d] %s", i+1, list[i])
	}
	return strings.Join(list, "\n")
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', 4, 64) }
