package program

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/gepa-go/gepa"
)

// maxQuote bounds, in characters, how much of a reply an error quotes.
const maxQuote = 600

// A ParseError says why a reply could not be read. Its message is fit to be
// feedback: it gives the problem, the structure that was expected, and the
// reply, cut in the middle if it is long.
type ParseError struct {
	// Format is the name of the format that failed, for instance "chat".
	Format string
	// Reason says what is wrong.
	Reason string
	// Expected is the structure that the reply should have had.
	Expected string
	// Reply is the whole reply.
	Reply string
	// Partial holds the fields that were found; nil if reading stopped at a
	// field's value.
	Partial gepa.Fields

	// dspyKind and dspyHead are the exception that DSPy raises here and the
	// first line of its text, for conformance.
	dspyKind, dspyHead string
}

func (e *ParseError) Error() string {
	reply := "The reply was empty."
	if strings.TrimSpace(e.Reply) != "" {
		reply = "The reply was:\n" + shorten(e.Reply, maxQuote)
	}
	return fmt.Sprintf("the reply could not be read in the %s format: %s\nExpected structure:\n%s\n%s",
		e.Format, e.Reason, e.Expected, reply)
}

// A Failure is a failure of the program under test, as opposed to one of the
// world: a reply that cannot be read or that a provider cut off, an input that
// is missing. A program may handle it or return it; returned, it becomes a
// rollout of the lowest score with feedback for the component.
//
//nolint:errname // it is what the words call it: a failure of the program, not of the world
type Failure struct {
	// Component is the predictor's name in its program, "" outside one.
	Component string
	// Problem says what went wrong, in one line.
	Problem string
	// Feedback tells the component's text what to do better: the problem, the
	// reply and the structure expected.
	Feedback string
	// Err is the cause, for instance a [*ParseError]; it may be nil.
	Err error
}

func (f *Failure) Error() string {
	if f.Component == "" {
		return f.Problem
	}
	return f.Component + ": " + f.Problem
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// oneLine joins the lines of a text and bounds it.
func oneLine(s string) string { return shorten(strings.Join(strings.Fields(s), " "), 300) }

// A PanicError is the cause of a [Failure] in which the program panicked.
type PanicError struct {
	// Value is what it panicked with.
	Value any
	// Stack is where. It is for people; it is no part of any feedback.
	Stack []byte
}

func newPanicError(v any) *PanicError { return &PanicError{Value: v, Stack: debug.Stack()} }

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }
