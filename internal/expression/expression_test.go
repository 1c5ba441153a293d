package expression_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/internal/expression"
)

func env() map[string]any {
	return expression.Decode(json.RawMessage(`{
		"text": "two words", "n": 3, "x": 0.5, "yes": true, "none": null,
		"list": [3, 1, 2], "object": {"b": 2, "a": 1, "c": [true]}, "big": 12345678901234567890
	}`)).(map[string]any)
}

func TestRun(t *testing.T) {
	for source, want := range map[string]any{
		`n + 1`:                              4,
		`n > 2 and x < 1`:                    true,
		`text + "!"`:                         "two words!",
		`object.c[0]`:                        true,
		`object["b"] / 4`:                    0.5,
		`missing`:                            nil,
		`missing?.field ?? "default"`:        "default",
		`len(filter(list, # > 1))`:           2,
		`keys(object)`:                       []any{"a", "b", "c"},
		`toPairs(object)[1]`:                 []any{"b", 2},
		`values(object)[0]`:                  1,
		`replace("aXa", "X", "-")`:           "a-a",
		`join(["a", "b"], ", ")`:             "a, b",
		`join(["a", "b"])`:                   "ab",
		`split("a,b,c", ",", 2)`:             []any{"a", "b,c"},
		`split(text, " ")`:                   []any{"two", "words"},
		`let w = split(text, " "); len(w)`:   2,
		`{"score": x, "words": upper(text)}`: map[string]any{"score": 0.5, "words": "TWO WORDS"},
		`reduce(list, #acc + #, 0)`:          6,
		`$env["text"]`:                       "two words",
		`text matches "^two"`:                true,
		`big > 1e19`:                         true,
	} {
		p, err := expression.Compile(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := p.Run(t.Context(), env())
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", source, diff)
		}
	}
}

func TestNames(t *testing.T) {
	p, err := expression.Compile(`let w = split(text, " "); any(list, # > n) and len(w) > object.a and lower(text) != ""`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"list", "n", "object", "text"}, p.Names()); diff != "" {
		t.Error(diff)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		source       string
		line, column int
		problem      string
	}{
		{"", 0, 0, "is empty"},
		{strings.Repeat("1+", 6000) + "1", 0, 0, "more than 10000"},
		{"n +", 1, 3, "unexpected token"},
		{"n >\n  (1", 2, 4, "unexpected token"},
		{"typo > 1", 1, 1, "there is no variable typo; there are text, n, list, object"},
		{"now()", 1, 1, "cannot call nil"},
		{"text > 1", 1, 6, "string > int"},
		{"keys(n)", 1, 1, "keys wants an object, got a number"},
		{"join(object.b, \"\")", 1, 1, "join wants a list, got a number"},
		{"object.a.b.c", 1, 10, "cannot fetch"},
		{`reduce(1..30, #acc + #acc, "0123456789")`, 0, 0, "more than 4194304 characters"},
		{`replace(reduce(1..15, #acc + #acc, "0123456789"), "", reduce(1..15, #acc + #acc, "0123456789"))`, 0, 0, "more than 4194304 characters"},
		{`join(map(1..10000, "0123456789"), reduce(1..15, #acc + #acc, "0123456789"))`, 0, 0, "more than 4194304 characters"},
		{`let l = 1..2000; count(l, any(l, # < 0))`, 0, 0, "more than 1000000 steps"},
		{`repeat("x", 100000000)`, 0, 0, "memory budget"},
	}
	for _, tt := range tests {
		p, err := expression.Compile(tt.source, "text", "n", "list", "object")
		if err == nil {
			_, err = p.Run(t.Context(), env())
		}
		e, ok := errors.AsType[*expression.Error](err)
		if !ok {
			t.Errorf("%.60s: error %v", tt.source, err)
			continue
		}
		if tt.line > 0 && (e.Line != tt.line || e.Column != tt.column) || !strings.Contains(e.Problem, tt.problem) {
			t.Errorf("%.60s: %d:%d: %s, want %d:%d: %s", tt.source, e.Line, e.Column, e.Problem, tt.line, tt.column, tt.problem)
		}
		if e.Error() == "" {
			t.Error("no text")
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := expression.Compile("n > 1 and\n\ttypo == 2", "n")
	const want = "expression, line 2, column 2: there is no variable typo; there are n\n   typo == 2\n   ^"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := expression.Compile(`count(1..2000, # > 0)`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		`n + 1`, `filter(list, # > 1)`, `let a = text; a + a`, `object?.c[0] ?? "x"`, `{"a": 1}.a`, `text[1:2]`, `1..3 | map(# * 2)`,
		`keys(values(object))`, `text matches "("`, `-(-list)`, `#`, `reduce(list, #acc + #)`, `if n > 1 { 2 } else { 3 }`, `$env.n`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		p, err := expression.Compile(source)
		if err == nil {
			_, err = p.Run(t.Context(), env())
		}
		if e, ok := errors.AsType[*expression.Error](err); err != nil && (!ok || e.Error() == "") {
			t.Fatalf("%q: error %v", source, err)
		}
	})
}
