package program

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// TestUsageOfFailedRollouts: when the second call of a rollout cannot reach
// the model, the first one was paid for all the same, and so was what the
// second one's attempts consumed.
func TestUsageOfFailedRollouts(t *testing.T) {
	one := NewPredict(MustSignature("question -> a", ""))
	two := NewPredict(MustSignature("a -> b", ""))
	calls := 0
	model := modelFunc(func(lm.Request) (lm.Reply, error) {
		if calls++; calls == 1 {
			reply := stop(chatReply("a", "x").Text)
			reply.Usage = gepa.Usage{Calls: 1, InputTokens: 100, OutputTokens: 10}
			return reply, nil
		}
		return lm.Reply{}, &lm.Error{Kind: lm.KindOverloaded, Attempts: 3, Usage: gepa.Usage{Calls: 3, InputTokens: 5}}
	})
	p := New(func(ctx context.Context, in gepa.Fields) (gepa.Fields, error) {
		a, err := one.Call(ctx, in)
		if err != nil {
			return nil, err
		}
		return two.Call(ctx, a)
	}, Module("one", one), Module("two", two))
	_, err := NewSystem(p, model, exact(t), SystemOptions{}).Run(t.Context(), gepa.Job{Candidate: p.Seed(), Example: example})
	if _, ok := errors.AsType[*lm.Error](err); !ok {
		t.Fatalf("got %v, want the model's error", err)
	}
	if got, want := gepa.UsageOf(err), (gepa.Usage{Calls: 4, InputTokens: 105, OutputTokens: 10}); got != want {
		t.Errorf("usage %+v, want %+v", got, want)
	}
}

// TestOverlongMessagesAreAScore: an instruction that outgrows the model's
// context window fails by itself; the run goes on.
func TestOverlongMessagesAreAScore(t *testing.T) {
	pred := NewPredict(MustSignature("question -> a", ""))
	model := modelFunc(func(lm.Request) (lm.Reply, error) {
		return lm.Reply{}, &lm.Error{Kind: lm.KindTooLong, Words: "maximum context length is 8192 tokens"}
	})
	p := Single(pred)
	r, err := NewSystem(p, model, exact(t), SystemOptions{}).Run(t.Context(), gepa.Job{Candidate: p.Seed(), Example: example})
	if err != nil || r.Score != 0 || !strings.Contains(r.Problem, "context window") {
		t.Fatalf("got %+v, %v; want a failed rollout", r, err)
	}
	if f := r.Feedback.For("self"); !strings.Contains(f, "8192") {
		t.Errorf("feedback %q lacks the provider's words", f)
	}
}
