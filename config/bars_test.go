package config_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/store"
)

const fakeKey = "sk-not-a-real-key-0123456789"

// remote is a small run against a server that answers as the simulated model.
func remote(t *testing.T, s *lmtest.Server, change func(*config.Optimize)) config.Optimize {
	t.Helper()
	return with(func(o *config.Optimize) {
		o.Model, o.BaseURL = "openai/m", s.URL()
		o.Cache = filepath.Join(t.TempDir(), "calls.db")
		o.Getenv = func(name string) string {
			if name == "OPENAI_API_KEY" {
				return fakeKey
			}
			return ""
		}
		if change != nil {
			change(o)
		}
	})
}

func answers() lmtest.Responder { return lmtest.FromModel(sim.New(sim.Options{})) }

// try carries a run out and closes it.
func try(t *testing.T, o config.Optimize) (*report.Summary, error) {
	t.Helper()
	run, err := o.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := run.Do(t.Context())
	if cerr := run.Close(); cerr != nil {
		t.Error(cerr)
	}
	return s, err
}

// found cuts from a summary what may differ between runs that found the same.
func found(s *report.Summary) report.Summary {
	out := *s
	out.Spend, out.Output = report.Spend{}, nil
	return out
}

// A reflection endpoint that is dead ends the run with its own error, after no
// more task calls than it took to find out.
func TestBarDeadReflection(t *testing.T) {
	t.Parallel()
	answer := answers()
	s := lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		if r.Model == "thinker" {
			return lmtest.Answer{Status: 500, Text: "the engine is on fire", Header: http.Header{"Retry-After-Ms": {"1"}}}
		}
		return answer(ctx, r)
	})
	o := remote(t, s, func(o *config.Optimize) {
		o.ReflectionModel, o.Feedback, o.Attempts, o.Iterations = "openai/thinker", "metric", 4, 5
	})
	summary, err := try(t, o)
	if err == nil || errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "the engine is on fire") {
		t.Fatalf("error %v, want the provider's words", err)
	}
	if summary == nil || summary.Status != report.StatusFailed || summary.Winner == nil || summary.Winner.Candidate != 0 {
		t.Errorf("summary %+v", summary)
	}
	asked := map[string]int{}
	for _, r := range s.Requests() {
		asked[r.Model]++
	}
	// Four validation examples and a minibatch of three, two calls each.
	if asked["thinker"] != 4 || asked["m"] > 2*(4+3) {
		t.Errorf("asked %v times, want the reflection model 4 times and the task model at most 14", asked)
	}
}

// journal returns a run's decisions, in order, and its results, as a set,
// without times and sessions.
func journal(t *testing.T, folder string) []string {
	t.Helper()
	j, err := store.OpenReadOnly(t.Context(), filepath.Join(folder, config.JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}()
	var decisions, results []string
	for r, err := range j.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch line := r.Kind + " " + r.Key + " " + string(r.Data); {
		case r.Kind == gepa.KindSession:
		case r.Key == "":
			decisions = append(decisions, line)
		default:
			results = append(results, line)
		}
	}
	slices.Sort(results)
	return append(decisions, results...)
}

// A second run is answered by the cache, and a recorded one by its recording:
// neither sends a call, and both find the same.
func TestBarRepeat(t *testing.T) {
	t.Parallel()
	s := lmtest.NewServer(t, answers())
	recording := filepath.Join(t.TempDir(), "run.jsonl")
	first := remote(t, s, func(o *config.Optimize) {
		o.Out, o.Record, o.Concurrency = t.TempDir(), recording, 16
	})
	want, err := try(t, first)
	if err != nil {
		t.Fatal(err)
	}
	calls := len(s.Requests())

	again := first
	again.Out, again.Record, again.Concurrency = t.TempDir(), "", 3
	cached, err := try(t, again)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.Requests()) - calls; n != 0 || !cached.Spend.AllCached() || cached.Spend.Total.CostNanos != 0 {
		t.Errorf("%d calls were made again; spend %+v", n, cached.Spend.Total)
	}
	if diff := cmp.Diff(found(want), found(cached)); diff != "" {
		t.Errorf("the cache changed the result (-first +second):\n%s", diff)
	}
	var text strings.Builder
	if err := cached.Text(&text, report.TextOptions{}); err != nil || !strings.Contains(text.String(), "Every call was answered by the cache: nothing was paid.") {
		t.Errorf("the summary does not say so (%v):\n%s", err, &text)
	}

	replayed := first
	replayed.Out, replayed.Record, replayed.Replay, replayed.Cache = t.TempDir(), "", recording, ""
	replayed.BaseURL = "http://127.0.0.1:1/v1"
	replayed.Getenv = func(string) string { return "" }
	got, err := try(t, replayed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(report.Summary{}, "Output")); diff != "" {
		t.Errorf("the replay differs (-recorded +replayed):\n%s", diff)
	}
	if diff := cmp.Diff(journal(t, first.Out), journal(t, replayed.Out)); diff != "" {
		t.Errorf("the replay's journal differs (-recorded +replayed):\n%s", diff)
	}
	if n := len(s.Requests()) - calls; n != 0 {
		t.Errorf("the replay made %d calls", n)
	}
}
