package gepa_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
)

// BenchmarkSelectByExample makes the frontier of a large pool from nothing.
func BenchmarkSelectByExample(b *testing.B) {
	for _, size := range []int{100, 1000} {
		scores := randomScores(size, size)
		for _, rule := range []gepa.Dominance{gepa.DominanceSubset, gepa.DominanceCover} {
			b.Run(fmt.Sprintf("%s/%dx%d", rule, size, size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					gepa.SelectByExample(scores, rule)
				}
			})
		}
	}
}

func randomScores(candidates, examples int) [][]float64 {
	r := rand.New(rand.NewPCG(1, 1))
	scores := make([][]float64, candidates)
	for c := range scores {
		scores[c] = make([]float64, examples)
		for i := range scores[c] {
			scores[c][i] = float64(r.IntN(5)) / 4
		}
	}
	return scores
}

// BenchmarkOptimize runs the engine over a system that costs nothing: what is
// left is the engine's own cost.
func BenchmarkOptimize(b *testing.B) {
	data := gepa.Data{Feedback: needs("f", 100), Validation: needs("v", 100)}
	b.ReportAllocs()
	var rollouts int
	for b.Loop() {
		res, err := gepa.Optimize(b.Context(), newLandscape(), data, gepa.Options{
			Seed: 1, Minibatch: 7, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 100},
		})
		if err != nil {
			b.Fatal(err)
		}
		rollouts += res.Rollouts
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(rollouts), "µs/rollout")
}

// drift is a system whose one text is a number of a random walk: each child is
// a little better or, mostly, worse than its parent, and about a tenth of them
// pass their gates, without end.
type drift struct{}

func (drift) Components() []gepa.Component { return []gepa.Component{{Name: "a", Text: "0 0"}} }

func uniform(parts ...string) float64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	x := h.Sum64()
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 32
	return float64(x>>11) / (1 << 53)
}

func (drift) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	level, _, _ := strings.Cut(job.Candidate["a"], " ")
	skill, err := strconv.ParseFloat(level, 64)
	if err != nil {
		return gepa.Rollout{}, gepa.Fatal(err)
	}
	// A few levels of score, so that candidates share examples.
	noise := uniform(job.Candidate["a"], job.Example.ID)
	return gepa.Rollout{
		Score:    skill + float64(int(noise*4))/40,
		Feedback: gepa.Feedback{Text: "some words about the answer, as a metric would say them"},
		Output:   gepa.NewFields("answer", "an answer"),
		Trace:    []gepa.Step{{Component: "a", Inputs: job.Example.Inputs, Outputs: gepa.NewFields("answer", "an answer")}},
		Usage:    gepa.Usage{Calls: 1, InputTokens: 900, OutputTokens: 20},
	}, nil
}

type driftProposer struct{}

func (driftProposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	call, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleReflection}, func(context.Context) (gepa.Call, error) {
		level, _, _ := strings.Cut(req.Candidate["a"], " ")
		skill, _ := strconv.ParseFloat(level, 64)
		n := strconv.Itoa(req.Proposal)
		step := 0.01
		if uniform("up", n) > 0.1 {
			step = -0.2
		}
		return gepa.Call{Exchange: gepa.Exchange{Reply: fmt.Sprintf("%.4f %s", skill+step, n)}}, nil
	})
	return gepa.Reflection{Texts: map[string]string{"a": call.Text()}}, err
}

// BenchmarkEngine makes ten thousand proposals, eight in flight, with rollouts
// that cost nothing and a journal on disk. It reports what each proposal and
// each rollout cost, by how much the last tenth of the proposals took longer
// than the first, and the memory that the process held.
func BenchmarkEngine(b *testing.B) {
	const proposals = 10_000
	data := gepa.Data{Feedback: needs("f", 100), Validation: needs("v", 100)}
	for _, journal := range []string{"memory", "disk"} {
		b.Run(journal, func(b *testing.B) {
			for b.Loop() {
				j := gepa.NewMemoryJournal()
				if journal == "disk" {
					disk, err := store.Create(b.Context(), filepath.Join(b.TempDir(), "run.db"))
					if err != nil {
						b.Fatal(err)
					}
					b.Cleanup(func() { _ = disk.Close() })
					j = disk
				}
				began := time.Now()
				var tenths [11]time.Duration
				res, err := gepa.Optimize(b.Context(), drift{}, data, gepa.Options{
					Seed: 1, InFlight: 8, PerfectScore: 1e9, Proposer: driftProposer{}, Journal: j, Concurrency: 32,
					Budget: gepa.Budget{Proposals: proposals},
					Observers: []gepa.Observer{{ProposalEnd: func(p gepa.ProposalInfo) {
						if n := p.Plan.Proposal; n%(proposals/10) == 0 {
							tenths[n/(proposals/10)] = time.Since(began)
						}
					}}},
				})
				if err != nil {
					b.Fatal(err)
				}
				took := time.Since(began)
				b.ReportMetric(float64(took.Microseconds())/proposals, "µs/proposal")
				b.ReportMetric(float64(took.Microseconds())/float64(res.Rollouts), "µs/rollout")
				b.ReportMetric(float64(tenths[10]-tenths[9])/float64(tenths[1]), "last/first")
				b.ReportMetric(float64(len(res.Pool)), "pool")
				b.ReportMetric(float64(res.Rollouts), "rollouts")
				b.ReportMetric(residentMiB(), "MiB-resident")
			}
		})
	}
}

// begun notes when the first rollout of a system begins.
type begun struct {
	gepa.System
	once sync.Once
	at   time.Time
}

func (s *begun) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	s.once.Do(func() { s.at = time.Now() })
	return s.System.Run(ctx, job)
}

// BenchmarkRollouts validates a seed on twenty thousand examples, with a journal
// on disk: what a rollout costs where no proposal waits for another, and what
// opening the run costs an example.
func BenchmarkRollouts(b *testing.B) {
	const rollouts = 20_000
	data := gepa.Data{Feedback: needs("f", 10), Validation: needs("v", rollouts)}
	for b.Loop() {
		disk, err := store.Create(b.Context(), filepath.Join(b.TempDir(), "run.db"))
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		sys := &begun{System: drift{}}
		_, err = gepa.Optimize(b.Context(), sys, data, gepa.Options{
			PerfectScore: 1e-9, Proposer: driftProposer{}, Journal: disk, Concurrency: 1024,
			Budget: gepa.Budget{TargetScore: 1e-9},
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(sys.at).Microseconds())/rollouts, "µs/rollout")
		b.ReportMetric(float64(sys.at.Sub(began).Microseconds())/rollouts, "µs/example-opened")
		if err := disk.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// residentMiB returns the memory that the process holds, without what it could
// give back; 0 where the system does not tell.
func residentMiB() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	pages, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return 0
	}
	return pages * float64(os.Getpagesize()) / (1 << 20)
}
