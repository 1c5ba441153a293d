package view_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// longRun makes the journal of a run of so many candidates on so many
// validation examples, and rejected proposals between them.
func longRun(tb testing.TB, candidates, examples int) []gepa.Record {
	tb.Helper()
	draw := rand.New(rand.NewPCG(1, 2))
	refs := func(set string, n int) []gepa.ExampleRef {
		out := make([]gepa.ExampleRef, n)
		for i := range out {
			out[i] = gepa.ExampleRef{ID: fmt.Sprint(set, i), Hash: fakeHash(set, i)}
		}
		return out
	}
	run := gepa.RunStarted{
		Format: 2, Components: []gepa.Component{{Name: "a", Text: "start"}}, Options: gepa.Options{}.WithDefaults(),
		Feedback: refs("f", 300), Validation: refs("v", examples), Test: refs("t", 100),
	}
	var events []gepa.Event
	add := func(e ...gepa.Event) { events = append(events, e...) }
	rollouts := func(texts gepa.Candidate, refs []gepa.ExampleRef) {
		hash := texts.Hash()
		for _, ref := range refs {
			add(gepa.RolloutDone{Job: gepa.RolloutKey{Candidate: hash, Example: ref.Hash}, Rollout: gepa.Rollout{
				Score: float64(draw.IntN(5)) / 4, Usage: gepa.Usage{Calls: 1, InputTokens: 500, OutputTokens: 50, Cost: gepa.Cost{Nanos: 1000}},
			}})
		}
	}
	base := gepa.Seed(run.Components)
	add(run, gepa.SessionStarted{Number: 1, Budget: gepa.Budget{Proposals: 3 * candidates}})
	rollouts(base, run.Validation)
	add(gepa.ProposalCommitted{Accepted: true})
	made := map[string]bool{}
	for n, pool := 1, 1; pool < candidates; n++ {
		batch := []int{draw.IntN(300), draw.IntN(300), draw.IntN(300)}
		mini := []gepa.ExampleRef{run.Feedback[batch[0]], run.Feedback[batch[1]], run.Feedback[batch[2]]}
		add(gepa.ProposalPlanned{Proposal: n, Kind: gepa.ProposalReflect, Parents: []int{0}, Components: []string{"a"}, Examples: batch, After: n - 1})
		for _, ref := range mini {
			if key := ref.Hash; !made[key] {
				made[key] = true
				rollouts(base, []gepa.ExampleRef{ref})
			}
		}
		texts := map[string]string{"a": fmt.Sprint("text of proposal ", n)}
		add(gepa.CallDone{Proposal: n, Call: gepa.CallKey{Role: gepa.RoleReflection, Component: "a"}, Result: gepa.Call{}},
			gepa.ReflectionDone{Proposal: n, Texts: texts})
		rollouts(base.With(texts), mini)
		passed := n%3 == 0
		add(gepa.GateDecided{Proposal: n, Texts: texts, Parent: 1, Child: 2, Passed: passed, Reason: map[bool]string{false: "no better"}[passed]})
		if passed {
			rollouts(base.With(texts), run.Validation)
			pool++
		}
		add(gepa.ProposalCommitted{Proposal: n, Accepted: passed})
	}
	records := make([]gepa.Record, len(events))
	for i, e := range events {
		var err error
		if records[i], err = gepa.NewRecord(e, time.Unix(1e9+int64(i/100), 0)); err != nil {
			tb.Fatal(err)
		}
	}
	return records
}

func fakeHash(set string, i int) string {
	h := fnv.New64a()
	fmt.Fprint(h, set, i)
	return fmt.Sprintf("%016x%048x", h.Sum64(), i)
}

// BenchmarkFold folds a whole run; one operation is one record.
func BenchmarkFold(b *testing.B) {
	for _, size := range [][2]int{{100, 1000}, {200, 1000}, {1000, 100}} {
		recs := longRun(b, size[0], size[1])
		events := make([]gepa.Event, len(recs))
		for i, r := range recs {
			events[i], _ = gepa.DecodeRecord(r)
		}
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f := view.NewFold(view.About{})
				for i := range recs {
					if err := f.Apply(recs[i], events[i]); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(recs)), "ns/record")
			b.ReportMetric(float64(len(recs)), "records")
		})
	}
}

// BenchmarkChanges is what ten steps a second cost while a run of 200 × 1,000
// grows, a hundred records each.
func BenchmarkChanges(b *testing.B) {
	recs := longRun(b, 200, 1000)
	events := make([]gepa.Event, len(recs))
	for i, r := range recs {
		events[i], _ = gepa.DecodeRecord(r)
	}
	half := len(recs) / 2
	var f *view.Fold
	var at view.Position
	next := len(recs)
	for b.Loop() {
		if next+100 > len(recs) {
			b.StopTimer()
			f, next = view.NewFold(view.About{}), half
			for i := range half {
				if err := f.Apply(recs[i], events[i]); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := f.Run(); err != nil {
				b.Fatal(err)
			}
			at = f.Position()
			b.StartTimer()
		}
		for i := range 100 {
			if err := f.Apply(recs[next+i], events[next+i]); err != nil {
				b.Fatal(err)
			}
		}
		next += 100
		c, err := f.Changes(at)
		if err != nil {
			b.Fatal(err)
		}
		at = c.Position
	}
}

// BenchmarkRun is a snapshot of 200 × 1,000, with its JSON.
func BenchmarkRun(b *testing.B) {
	f := view.NewFold(view.About{Status: report.StatusRunning})
	for _, r := range longRun(b, 200, 1000) {
		e, err := gepa.DecodeRecord(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Apply(r, e); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("fold", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	run, err := f.Run()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			raw, err := gepa.EncodeValue(run)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(raw)))
		}
	})
}
