package gepa_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

func TestStepHook(t *testing.T) {
	type key struct{}
	var told []string
	hook := func(ctx context.Context, component string) (context.Context, func(error)) {
		told = append(told, "begin "+component)
		return context.WithValue(ctx, key{}, component), func(err error) { told = append(told, "end "+component+": "+err.Error()) }
	}
	ctx, end := gepa.BeginStep(gepa.WithStepHook(t.Context(), hook), "a")
	inner, endInner := gepa.BeginStep(ctx, "b")
	if inner.Value(key{}) != "b" || ctx.Value(key{}) != "a" {
		t.Error("the call is not made in the hook's context")
	}
	endInner(errors.New("x"))
	end(errors.New("y"))
	if diff := cmp.Diff([]string{"begin a", "begin b", "end b: x", "end a: y"}, told); diff != "" {
		t.Error(diff)
	}
	plain, end := gepa.BeginStep(t.Context(), "a")
	if end(nil); plain != t.Context() {
		t.Error("without a hook the context changes")
	}
}
