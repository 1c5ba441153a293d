// Package strictyaml decodes YAML into Go structs and takes nothing on trust:
// unknown keys, values of the wrong type, anchors and unset environment
// variables are errors that name the file, the line, the key and the remedy,
// with the line itself and a caret.
package strictyaml

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Options say how a document is decoded.
type Options struct {
	// File is the file's name, for errors.
	File string
	// Getenv looks a variable up; see [Decode].
	Getenv func(string) (string, bool)
	// Nearest returns the name that looks most like the one that was typed, or
	// "". Defaults to none.
	Nearest func(typed string, known []string) string
}

// A Position is a place in a document; lines and columns count from 1.
type Position struct{ Line, Column int }

// A Document is what was decoded: it knows where every key stands.
type Document struct {
	file  string
	lines []string
	keys  map[string]Position
	// Values are the places of the values, by path.
	values map[string]Position
}

// An Error says what is wrong at a place.
type Error struct {
	File string
	Position
	// Path is the key, with the keys that it stands in: "search.minibatch",
	// "modules[2].name". It is "" for the document as a whole.
	Path string
	// Problem says what is wrong and what to do.
	Problem string
	// Source is the line.
	Source string
}

// Error returns place, key and problem, and below them the line with a caret.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", e.File, e.Line, e.Column)
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Problem)
	if e.Source != "" {
		before := []rune(e.Source)
		before = before[:min(len(before), max(e.Column-1, 0))]
		for i, r := range before {
			if r != '\t' {
				before[i] = ' '
			}
		}
		fmt.Fprintf(&b, "\n  %s\n  %s^", e.Source, string(before))
	}
	return b.String()
}

// Decode reads a document into a struct, whose fields are named by their json
// tags. Into keeps what the document does not mention.
//
// In texts, ${env:NAME} stands for an environment variable, which must be set;
// $${env:NAME} is that text itself. A type with UnmarshalText reads a scalar;
// one with Shorthand takes a scalar, or a list, for the value of the key it names;
// a slice with Split takes a scalar for a list; a [json.RawMessage] takes any
// value, as JSON.
//
// The error holds an [*Error] for every mistake, in the order of the lines.
// The document is there unless the text is no YAML.
func Decode(data []byte, into any, opts Options) (*Document, error) {
	d := &decoder{Options: opts, doc: &Document{
		file: opts.File, lines: strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"),
		keys: map[string]Position{}, values: map[string]Position{},
	}}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, d.syntax(err)
	}
	var bodies []ast.Node
	for _, doc := range f.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		return nil, d.doc.ErrorAt(Position{1, 1}, "", "the file is empty: write at least version: 1")
	case len(bodies) > 1:
		return nil, d.doc.ErrorAt(position(bodies[1].GetToken()), "", "there is a second document: write one, without ---")
	}
	d.decodeTop(bodies[0], into)
	slices.SortStableFunc(d.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, len(d.errs))
	for i, e := range d.errs {
		errs[i] = e
	}
	return d.doc, errors.Join(errs...)
}

// Has reports whether the document has a key.
func (d *Document) Has(path string) bool { _, ok := d.keys[path]; return ok }

// Line returns the line of a key, 0 if the document does not have it.
func (d *Document) Line(path string) int { return d.keys[path].Line }

// Paths returns all keys, sorted.
func (d *Document) Paths() []string {
	paths := make([]string, 0, len(d.keys))
	for p := range d.keys {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// Errorf returns an error about a key: at its value, or where the document
// does not have it, at the key that it would stand in.
func (d *Document) Errorf(path, format string, args ...any) *Error {
	at, ok := d.values[path]
	for parent := path; !ok; {
		i := strings.LastIndexAny(parent, ".[")
		if i < 0 {
			at = Position{1, 1}
			break
		}
		parent = parent[:i]
		at, ok = d.keys[parent]
	}
	return d.ErrorAt(at, path, fmt.Sprintf(format, args...))
}

// ErrorAt returns an error about a place.
func (d *Document) ErrorAt(at Position, path, problem string) *Error {
	e := &Error{File: d.file, Position: at, Path: path, Problem: problem}
	if at.Line >= 1 && at.Line <= len(d.lines) {
		e.Source = strings.TrimRight(d.lines[at.Line-1], " \t\r")
	}
	return e
}

func position(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{1, 1}
	}
	return Position{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

// syntaxPlace is how the parser begins its messages where it gives no token.
var syntaxPlace = regexp.MustCompile(`^\[(\d+):(\d+)\] `)

// syntax says where a text is no YAML.
func (d *decoder) syntax(err error) error {
	var located interface {
		GetToken() *token.Token
		GetMessage() string
	}
	at, message := Position{1, 1}, err.Error()
	if errors.As(err, &located) {
		at, message = position(located.GetToken()), located.GetMessage()
	} else if m := syntaxPlace.FindStringSubmatch(message); m != nil {
		_, _ = fmt.Sscan(m[1]+" "+m[2], &at.Line, &at.Column)
		message = message[len(m[0]):]
	}
	message, _, _ = strings.Cut(message, "\n")
	remedy := "mend the line"
	switch {
	case strings.Contains(message, "already defined"):
		remedy = "keep one of them"
	case strings.Contains(message, "tab"):
		remedy = "indent with spaces"
	default:
		remedy += "; a text with \": \", \" #\" or a quotation mark in it needs quotation marks around it"
	}
	return d.doc.ErrorAt(at, "", "this is no YAML: "+message+": "+remedy)
}
