package config_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/report/forecast"
)

func trialOf(o config.Optimize) config.Trial {
	return config.Trial{Optimize: o, Examples: 3, Reflections: 1, Repeats: 1}
}

// A second trial is answered by the cache and forecasts the same; a run after
// it pays for less than one without.
func TestTrialIsPaidOnce(t *testing.T) {
	t.Parallel()
	s := lmtest.NewServer(t, answers())
	o := remote(t, s, func(o *config.Optimize) { o.Iterations = 2 })
	first, spent, err := trialOf(o).Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	paid := len(s.Requests())
	if int64(paid) != spent.Calls || spent.Tokens() == 0 {
		t.Errorf("%d calls were made and the trial says %+v", paid, spent)
	}
	again, spent, err := trialOf(o).Do(t.Context())
	if err != nil || spent.Calls != 0 || spent.Cached == 0 || len(s.Requests()) != paid {
		t.Errorf("the second trial spent %+v and made %d calls (%v)", spent, len(s.Requests())-paid, err)
	}
	if diff := cmp.Diff(first, again, cmpopts.IgnoreFields(forecast.Measured{}, "Spent", "Seconds"),
		cmpopts.IgnoreFields(forecast.Forecast{}, "SearchSeconds", "TestSeconds")); diff != "" {
		t.Errorf("the cache changes the forecast:\n%s", diff)
	}
	if _, err := try(t, o); err != nil {
		t.Fatal(err)
	}
	after := len(s.Requests()) - paid
	other := o
	other.Cache = filepath.Join(t.TempDir(), "other.db")
	if _, err := try(t, other); err != nil {
		t.Fatal(err)
	}
	if alone := len(s.Requests()) - paid - after; after > alone-2*3-5 {
		t.Errorf("after the trial the run made %d calls, and %d without it", after, alone)
	}
}

// The sealed test set is never sent anywhere.
func TestTrialLeavesTheTestSetSealed(t *testing.T) {
	t.Parallel()
	s := lmtest.NewServer(t, answers())
	o := remote(t, s, nil)
	if _, _, err := trialOf(o).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	examples, err := dataset.Read(strings.NewReader(string(o.Dev.Data)), "dev", dataset.Options{Form: dataset.FormHotpotQA})
	if o.Dev.Data == nil {
		examples, err = dataset.Load(o.Dev.Path, dataset.Options{Form: dataset.FormHotpotQA})
	}
	if err != nil || len(examples) == 0 {
		t.Fatal(err)
	}
	for _, r := range s.Requests() {
		for _, m := range r.Messages {
			for _, ex := range examples {
				if strings.Contains(m.Content, ex.Inputs.Text("question")) {
					t.Fatalf("test example %s was sent", ex.ID)
				}
			}
		}
	}
}

func TestTrialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	answer, calls := answers(), make(chan struct{}, 1000)
	s := lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		calls <- struct{}{}
		if len(calls) == 4 {
			cancel(stopped)
		}
		return answer(ctx, r)
	})
	_, spent, err := trialOf(remote(t, s, nil)).Do(ctx)
	if !errors.Is(err, stopped) {
		t.Errorf("error %v, want the context's cause", err)
	}
	if spent.Calls == 0 || len(s.Requests()) > 20 {
		t.Errorf("spent %+v, after %d requests", spent, len(s.Requests()))
	}
}

func TestTrialKeepsCaps(t *testing.T) {
	t.Parallel()
	s := lmtest.NewServer(t, answers())
	for _, c := range []struct {
		name   string
		change func(*config.Trial)
	}{
		{"its own", func(tr *config.Trial) { tr.Calls = 9 }},
		{"the run's", func(tr *config.Trial) { tr.Caps.Calls = 9 }},
	} {
		before := len(s.Requests())
		tr := trialOf(remote(t, s, nil))
		c.change(&tr)
		f, spent, err := tr.Do(t.Context())
		if err != nil || f.Trial.Ended == "" || spent.Calls > 9 || len(s.Requests())-before > 9 {
			t.Errorf("%s: ended %q, spent %+v in %d requests, %v", c.name, f.Trial.Ended, spent, len(s.Requests())-before, err)
		}
	}
}

// Where every price and longest reply is known, a trial costs a dollar at most
// by default; a budget that pays for no proposal is refused before it.
func TestTrialRefusals(t *testing.T) {
	t.Parallel()
	s := lmtest.NewServer(t, answers())
	for _, c := range []struct {
		name   string
		change func(*config.Trial)
		want   string
	}{
		{"budget", func(tr *config.Trial) { tr.Rollouts, tr.Iterations = 5, 0 }, "cannot pay for one proposal"},
		{"a cap in dollars without a price", func(tr *config.Trial) { tr.Nanos = 1e9 }, "needs the price of openai/m"},
		{"no model", func(tr *config.Trial) { tr.Model = "" }, "--model is missing"},
	} {
		tr := trialOf(remote(t, s, nil))
		c.change(&tr)
		_, spent, err := tr.Do(t.Context())
		if !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), c.want) || spent != (gepa.Usage{}) {
			t.Errorf("%s: error %v, spent %+v", c.name, err, spent)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}
