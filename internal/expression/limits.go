package expression

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// The limits of one run. They are far above what a metric or filter needs, and
// keep a mistake from filling the memory or standing still.
const (
	// MaxSteps is how many times the predicates of an expression may be
	// evaluated in all.
	MaxSteps = 1_000_000
	// MaxSize is the most characters of a text, or items of a list, that an
	// expression may make.
	MaxSize = 1 << 22
	// MaxTime is how long it may run.
	MaxTime = 5 * time.Second
)

var (
	errSteps = fmt.Errorf("takes more than %d steps", MaxSteps)
	errSize  = fmt.Errorf("makes a text or a list of more than %d characters or items", MaxSize)
	errTime  = fmt.Errorf("takes longer than %s", MaxTime)
)

// A budget is what a run may still use.
type budget struct {
	ctx   context.Context //nolint:containedctx // lives as long as one call of Run
	end   time.Time
	steps int
}

func newBudget(ctx context.Context) *budget {
	return &budget{ctx: ctx, end: time.Now().Add(MaxTime), steps: MaxSteps}
}

// check takes a budget and a value. It returns the value unless the budget is
// used up or the value too large. It is called around every predicate and
// every addition, which are all that can repeat or grow.
func check(params ...any) (any, error) {
	b, ok := params[0].(*budget)
	if !ok {
		return nil, errors.New("runs without limits")
	}
	b.steps--
	switch {
	case b.steps < 0:
		return nil, errSteps
	case b.steps%256 == 0:
		if err := b.ctx.Err(); err != nil {
			return nil, err
		}
		if time.Now().After(b.end) {
			return nil, errTime
		}
	}
	if size(params[1]) > MaxSize {
		return nil, errSize
	}
	return params[1], nil
}

func size(value any) int {
	switch v := value.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

// limiter is a visitor that puts check around what can repeat or grow.
type limiter struct{}

// Visit implements [ast.Visitor].
func (limiter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		n.Node = checked(n.Node)
	case *ast.BinaryNode:
		if n.Operator == "+" {
			at := n.Location()
			*node = checked(n)
			(*node).SetLocation(at)
		}
	}
}

func checked(n ast.Node) ast.Node {
	call := &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: checkName},
		Arguments: []ast.Node{&ast.IdentifierNode{Value: budgetName}, n},
	}
	call.SetLocation(n.Location())
	return call
}

// functions take the place of builtin ones that depend on the clock or on the
// order of a map, or that can make more than the library counts.
func functions() []expr.Option {
	out := []expr.Option{expr.DisableBuiltin("now")}
	for _, f := range []struct {
		name string
		call func(params ...any) (any, error)
		form any
	}{
		{"keys", keys, new(func(map[string]any) []any)},
		{"values", values, new(func(map[string]any) []any)},
		{"toPairs", pairs, new(func(map[string]any) []any)},
		{"replace", replace, new(func(string, string, string) string)},
		{"join", join, new(func([]any, string) string)},
		{"split", split, new(func(string, string) []any)},
	} {
		types := []any{f.form}
		switch f.name {
		case "join":
			types = append(types, new(func([]any) string))
		case "split":
			types = append(types, new(func(string, string, int) []any))
		}
		out = append(out, expr.DisableBuiltin(f.name), expr.Function(f.name, f.call, types...))
	}
	return out
}

// object returns an object and its keys in order.
func object(value any) (map[string]any, []string, error) {
	m, ok := value.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("wants an object, got %s", kind(value))
	}
	names := make([]string, 0, len(m))
	for name := range m {
		if !strings.HasPrefix(name, "\x00") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return m, names, nil
}

func keys(params ...any) (any, error) {
	_, names, err := object(params[0])
	if err != nil {
		return nil, fmt.Errorf("keys %w", err)
	}
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out, nil
}

func values(params ...any) (any, error) {
	m, names, err := object(params[0])
	if err != nil {
		return nil, fmt.Errorf("values %w", err)
	}
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = m[name]
	}
	return out, nil
}

func pairs(params ...any) (any, error) {
	m, names, err := object(params[0])
	if err != nil {
		return nil, fmt.Errorf("toPairs %w", err)
	}
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = []any{name, m[name]}
	}
	return out, nil
}

func replace(params ...any) (any, error) {
	texts, err := allStrings("replace", params)
	if err != nil {
		return nil, err
	}
	s, old, with := texts[0], texts[1], texts[2]
	if grown := len(s) + strings.Count(s, old)*(len(with)-len(old)); grown > MaxSize {
		return nil, errSize
	}
	return strings.ReplaceAll(s, old, with), nil
}

func join(params ...any) (any, error) {
	list, ok := params[0].([]any)
	if !ok {
		return nil, fmt.Errorf("join wants a list, got %s", kind(params[0]))
	}
	between, total := "", 0
	if len(params) > 1 {
		texts, err := allStrings("join", params[1:])
		if err != nil {
			return nil, err
		}
		between = texts[0]
	}
	texts, err := allStrings("join", list)
	if err != nil {
		return nil, err
	}
	for _, s := range texts {
		if total += len(s) + len(between); total > MaxSize {
			return nil, errSize
		}
	}
	return strings.Join(texts, between), nil
}

func split(params ...any) (any, error) {
	texts, err := allStrings("split", params[:2])
	if err != nil {
		return nil, err
	}
	most := -1
	if len(params) > 2 {
		n, ok := params[2].(int)
		if !ok {
			return nil, fmt.Errorf("split wants a whole number, got %s", kind(params[2]))
		}
		most = n
	}
	parts := strings.SplitN(texts[0], texts[1], most)
	out := make([]any, len(parts))
	for i, part := range parts {
		out[i] = part
	}
	return out, nil
}

func allStrings(function string, params []any) ([]string, error) {
	out := make([]string, len(params))
	for i, p := range params {
		s, ok := p.(string)
		if !ok {
			return nil, fmt.Errorf("%s wants a text, got %s", function, kind(p))
		}
		out[i] = s
	}
	return out, nil
}

// kind names the type of a value in the words of JSON.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "a boolean"
	case int, float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a " + reflect.TypeOf(value).String()
}
