package program

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// stuckModel answers the first question when the caller has given up on it,
// and the later ones at once.
type stuckModel struct{ calls int }

func (*stuckModel) Name() string { return "stuck" }

func (m *stuckModel) Complete(ctx context.Context, _ lm.Request) (lm.Reply, error) {
	if m.calls++; m.calls > 1 {
		reply := chatReply("a", "late but fine")
		reply.Usage = gepa.Usage{Calls: 1}
		return reply, nil
	}
	<-ctx.Done()
	return lm.Reply{}, &lm.Error{Kind: lm.KindCancelled, Usage: gepa.Usage{Calls: 1, Unmeasured: 1}, Err: ctx.Err()}
}

// hurried is a program that gives its first call a second, and asks again if
// that was not enough.
func hurried() *Program {
	pred := NewPredict(MustSignature("question -> a", ""))
	return New(func(ctx context.Context, in gepa.Fields) (gepa.Fields, error) {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if out, err := pred.Call(short, in); err == nil {
			return out, nil
		}
		return pred.Call(ctx, in)
	}, Module("ask", pred))
}

// A time limit of the program's own is its own business.
func TestProgramsOwnTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, err := hurried().Run(t.Context(), Runtime{Model: &stuckModel{}}, nil, question)
		if err != nil || out.Failure != nil || out.Output.Text("a") != "late but fine" {
			t.Fatalf("got %+v, %v", out, err)
		}
		if len(out.Trace) != 2 || out.Trace[0].Problem == "" || out.Usage != (gepa.Usage{Calls: 2, Unmeasured: 1}) {
			t.Errorf("the call that was given up on is not accounted for: %+v", out)
		}
	})
}

// A limit of the run is not, nor is one of the model: no program can turn
// them into an answer.
func TestOtherTimeLimitsEndTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := hurried().Run(ctx, Runtime{Model: &stuckModel{}}, nil, question)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the run's limit: got %v", err)
		}
		_, err = hurried().Run(t.Context(), Runtime{Model: lm.Timeout(&stuckModel{}, time.Millisecond)}, nil, question)
		if e, ok := errors.AsType[*lm.Error](err); !ok || e.Kind != lm.KindTimeout {
			t.Errorf("the model's limit: got %v", err)
		}
	})
}
