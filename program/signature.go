package program

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program/internal/py"
)

// A Signature says what a predictor does: the instructions, the fields it is
// given and the fields it produces. Make one with [ParseSignature], with
// [SignatureOf], or by hand.
//
// Signatures are values: the With methods return changed copies. One that
// nobody writes to is safe for concurrent use.
type Signature struct {
	// Name is for people; it is not sent.
	Name string
	// Instructions tell the model its task. They are sent without common
	// indentation and blank lines at the ends, as DSPy does.
	Instructions string
	// Inputs and Outputs are the fields, in the order in which they are sent.
	Inputs, Outputs []Field
}

// A Field is one input or output of a [Signature].
type Field struct {
	// Name is a Python identifier; it is the name in prompts and replies.
	Name string
	// Type defaults to str.
	Type Type
	// Desc describes the field to the model. "" means DSPy's "${name}", which
	// is not sent.
	Desc string
	// Prefix is kept for saved programs only; nothing is sent of it. ""
	// means the one that [InferPrefix] finds.
	Prefix string
	// Constraints are announced to the model. As in DSPy, replies are not
	// held to them.
	Constraints []Constraint
	// Default is the value, as JSON, of an input that is not given or of an
	// output that a reply leaves out; nil if there is none.
	Default json.RawMessage
}

// Description returns the field's description, DSPy's "${name}" if there is
// none.
func (f Field) Description() string {
	if f.Desc == "" {
		return "${" + f.Name + "}"
	}
	return f.Desc
}

// PrefixText returns the field's prefix, the inferred one if none is set.
func (f Field) PrefixText() string {
	if f.Prefix == "" {
		return InferPrefix(f.Name) + ":"
	}
	return f.Prefix
}

// constraintText lists the constraints.
func (f Field) constraintText() string {
	words := make([]string, len(f.Constraints))
	for i, c := range f.Constraints {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}

// required reports whether the field must be given, or be in a reply.
func (f Field) required() bool { return len(f.Default) == 0 && !f.Type.AllowsNone() }

// A Constraint is a limit on a field's value, in the words in which DSPy
// announces it. The functions that make one panic for a limit that is not
// plain data.
type Constraint string

// GreaterThan says that a number is above v.
func GreaterThan(v any) Constraint { return constraint("greater than: ", v) }

// AtLeast says that a number is v or above.
func AtLeast(v any) Constraint { return constraint("greater than or equal to: ", v) }

// LessThan says that a number is below v.
func LessThan(v any) Constraint { return constraint("less than: ", v) }

// AtMost says that a number is v or below.
func AtMost(v any) Constraint { return constraint("less than or equal to: ", v) }

// MinLength says that a text or list has n characters or items at least.
func MinLength(n int) Constraint { return constraint("minimum length: ", n) }

// MaxLength says that a text or list has n characters or items at most.
func MaxLength(n int) Constraint { return constraint("maximum length: ", n) }

// MultipleOf says that a number is a multiple of v.
func MultipleOf(v any) Constraint { return constraint("a multiple of the given number: ", v) }

func constraint(words string, v any) Constraint {
	raw, err := gepa.EncodeValue(v)
	if err != nil {
		panic("program: constraint: " + err.Error())
	}
	if f, ok := v.(float64); ok {
		return Constraint(words + py.FloatRepr(f))
	}
	return Constraint(words + string(raw))
}

// WithInstructions returns the signature with other instructions.
func (s Signature) WithInstructions(instructions string) Signature {
	s.Instructions = instructions
	return s
}

// Fields returns the inputs followed by the outputs.
func (s Signature) Fields() []Field { return slices.Concat(s.Inputs, s.Outputs) }

// String returns the fields' names, for instance "question, context -> answer".
func (s Signature) String() string {
	return strings.Join(names(s.Inputs), ", ") + " -> " + strings.Join(names(s.Outputs), ", ")
}

// Validate reports every mistake in the signature: no outputs, names that are
// no identifiers or occur twice, defaults that are not JSON.
func (s Signature) Validate() error {
	var problems []string
	if len(s.Outputs) == 0 {
		problems = append(problems, "it has no output field")
	}
	seen := map[string]bool{}
	for _, f := range s.Fields() {
		switch {
		case !py.IsIdentifier(f.Name):
			problems = append(problems, fmt.Sprintf("field name %q is not an identifier", f.Name))
		case seen[f.Name]:
			problems = append(problems, fmt.Sprintf("field %q occurs twice", f.Name))
		}
		seen[f.Name] = true
		if len(f.Default) > 0 && !json.Valid(f.Default) {
			problems = append(problems, fmt.Sprintf("the default of field %q is not JSON", f.Name))
		}
	}
	if problems == nil {
		return nil
	}
	return fmt.Errorf("signature %q: %s", s.String(), strings.Join(problems, "; "))
}

// withReasoning returns the signature of a chain of thought: an output field
// "reasoning" before the others.
func (s Signature) withReasoning() Signature {
	s.Outputs = slices.Concat([]Field{{Name: "reasoning"}}, s.Outputs)
	return s
}

// without returns the signature without the named input.
func (s Signature) without(name string) Signature {
	s.Inputs = slices.DeleteFunc(slices.Clone(s.Inputs), func(f Field) bool { return f.Name == name })
	return s
}

func (s Signature) output(name string) (Field, bool) {
	i := slices.IndexFunc(s.Outputs, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return s.Outputs[i], true
}

func names(fields []Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// defaultInstructions are what DSPy says when nobody says anything.
func defaultInstructions(s Signature) string {
	quoted := func(fields []Field) string {
		q := names(fields)
		for i := range q {
			q[i] = "`" + q[i] + "`"
		}
		return strings.Join(q, ", ")
	}
	return "Given the fields " + quoted(s.Inputs) + ", produce the fields " + quoted(s.Outputs) + "."
}

//nolint:gochecknoglobals // never changes
var prefixSteps = []*regexp.Regexp{
	regexp.MustCompile(`([^\n])([A-Z][a-z]+)`),
	regexp.MustCompile(`([a-z0-9])([A-Z])`),
	regexp.MustCompile(`([a-zA-Z])(\p{Nd})`),
	regexp.MustCompile(`(\p{Nd})([a-zA-Z])`),
}

// InferPrefix turns a field name into a title, by DSPy's rule: "camelCaseText"
// and "camel_case_text" become "Camel Case Text", "HTMLParser" becomes "HTML
// Parser".
func InferPrefix(name string) string {
	for _, step := range prefixSteps {
		name = step.ReplaceAllString(name, "${1}_${2}")
	}
	words := strings.Split(name, "_")
	for i, w := range words {
		if !py.IsUpper(w) {
			words[i] = py.Capitalize(w)
		}
	}
	return strings.Join(words, " ")
}
