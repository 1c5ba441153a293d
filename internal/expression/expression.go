// Package expression compiles and runs expressions in the language of
// expr-lang.org over decoded JSON. It adds what untrusted data and repeatable
// results need: limits on work and size, a fixed order of the keys of objects,
// no clock, and errors that say where.
package expression

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// MaxSource is the most bytes that an expression may have.
const MaxSource = 10_000

// budgetName is the variable that carries the limits of one run. No field can
// have the name by accident.
const (
	budgetName = "\x00budget"
	checkName  = "\x00check"
)

// A Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	source string
	names  []string
	vm     *vm.Program
}

// An Error says what is wrong with an expression, or with running it, and
// where.
type Error struct {
	// Source is the whole expression.
	Source string
	// Line and Column count from 1, the column in characters; both are 0 where
	// the place is not known.
	Line, Column int
	// Problem says what is wrong.
	Problem string
	// Err is the underlying error, if it is that of a context.
	Err error
}

// Error returns the place, the problem and the line with a caret.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("expression %q: %s", clip(e.Source), e.Problem)
	}
	lines := strings.Split(e.Source, "\n")
	if e.Line > len(lines) {
		return fmt.Sprintf("expression, line %d, column %d: %s", e.Line, e.Column, e.Problem)
	}
	line := []rune(strings.ReplaceAll(lines[e.Line-1], "\t", " "))
	const around = 60
	from := max(0, e.Column-1-around)
	shown := line[min(from, len(line)):min(len(line), e.Column-1+around)]
	return fmt.Sprintf("expression, line %d, column %d: %s\n  %s\n  %s^",
		e.Line, e.Column, e.Problem, string(shown), strings.Repeat(" ", e.Column-1-from))
}

// Unwrap returns the error of the context that ended, if one did.
func (e *Error) Unwrap() error { return e.Err }

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Functions are functions that expressions may call, by name.
type Functions map[string]func(params ...any) (any, error)

// Compile compiles an expression. Where names are given, it may use these
// variables and no others; where none is, any. The error is an [*Error].
func Compile(source string, names ...string) (*Program, error) {
	return CompileWith(source, nil, names...)
}

// CompileWith is [Compile] with further functions.
func CompileWith(source string, extra Functions, names ...string) (*Program, error) {
	switch {
	case strings.TrimSpace(source) == "":
		return nil, &Error{Source: source, Problem: "is empty"}
	case len(source) > MaxSource:
		return nil, &Error{Source: source, Problem: fmt.Sprintf("has %d bytes, more than %d", len(source), MaxSource)}
	}
	used := &variables{locals: map[string]bool{}, known: names}
	options := append([]expr.Option{
		expr.Env(map[string]any{}),
		expr.AllowUndefinedVariables(),
		expr.Function(checkName, check),
		expr.Patch(used),
		expr.Patch(limiter{}),
	}, functions()...)
	for name, f := range extra {
		options = append(options, expr.Function(name, f))
	}
	compiled, err := compile(source, options)
	if err != nil {
		return nil, wrap(source, err)
	}
	if used.unknown != nil {
		e := located(source, used.unknown.Location(), "there is no variable "+used.unknown.Value)
		e.Problem += fmt.Sprintf("; there are %s", strings.Join(names, ", "))
		return nil, e
	}
	slices.Sort(used.names)
	return &Program{source: source, names: slices.Compact(used.names), vm: compiled}, nil
}

// compile turns a panic of the library, of which there is none known, into an
// error: what users write must not end the process.
func compile(source string, options []expr.Option) (_ *vm.Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be compiled: %v", r)
		}
	}()
	return expr.Compile(source, options...)
}

// Names returns the variables that the expression uses, sorted.
func (p *Program) Names() []string { return slices.Clone(p.names) }

// Source returns the expression.
func (p *Program) Source() string { return p.source }

// Run evaluates the expression with the given variables, values as [Decode]
// makes them. It changes neither them nor env. The error is an [*Error].
func (p *Program) Run(ctx context.Context, env map[string]any) (result any, err error) {
	variables := make(map[string]any, len(env)+1)
	maps.Copy(variables, env)
	variables[budgetName] = newBudget(ctx)
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Source: p.source, Problem: fmt.Sprint(r)}
		}
	}()
	result, err = expr.Run(p.vm, variables)
	if err != nil {
		return nil, wrap(p.source, err)
	}
	return result, nil
}

// wrap makes an [*Error] of one of the library's.
func wrap(source string, err error) error {
	at, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &Error{Source: source, Problem: err.Error()}
	}
	e := &Error{Source: source, Line: at.Line, Column: at.Column + 1, Problem: problem(at.Message)}
	if ended := ctxError(err); ended != nil {
		e.Err = ended
	}
	return e
}

func ctxError(err error) error {
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			return ended
		}
	}
	return nil
}

// problem takes the library's own names out of a message.
func problem(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	for long, short := range map[string]string{"map[string]interface {}": "object", "[]interface {}": "list", "interface {}": "value"} {
		message = strings.ReplaceAll(message, long, short)
	}
	return message
}

func located(source string, at file.Location, problem string) *Error {
	f := (&file.Error{Location: at, Message: problem}).Bind(file.NewSource(source))
	return &Error{Source: source, Line: f.Line, Column: f.Column + 1, Problem: problem}
}

// variables is a visitor that collects the variables of an expression, and the
// first that is not known.
type variables struct {
	names   []string
	locals  map[string]bool
	known   []string
	unknown *ast.IdentifierNode
}

// Visit implements [ast.Visitor]. A declaration is visited after the
// identifiers in its scope, so that these have to be taken back.
func (v *variables) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode:
		v.names = slices.DeleteFunc(v.names, func(name string) bool { return name == n.Name })
		if v.unknown != nil && v.unknown.Value == n.Name {
			v.unknown = nil
		}
	case *ast.IdentifierNode:
		if n.Value == "$env" || n.Value == budgetName || n.Value == checkName {
			return
		}
		v.names = append(v.names, n.Value)
		if v.unknown == nil && len(v.known) > 0 && !slices.Contains(v.known, n.Value) {
			v.unknown = n
		}
	case *ast.CallNode:
		// The name of a function is no variable.
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			if i := slices.Index(v.names, callee.Value); i >= 0 {
				v.names = slices.Delete(v.names, i, i+1)
			}
			if v.unknown == callee {
				v.unknown = nil
			}
		}
	}
}
