package lm_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gepa-go/gepa/lm"
)

// slots is a provider that serves so many calls at once and refuses more, each
// after a time of log-normal distribution.
type slots struct {
	size       int
	sigma      float64
	retryAfter time.Duration

	mu             sync.Mutex
	random         *rand.Rand
	busy           int
	since          time.Time
	busyTime       time.Duration // summed over slots
	calls, refused int
}

func newSlots(size int, sigma float64) *slots {
	return &slots{size: size, sigma: sigma, random: rand.New(rand.NewPCG(1, 2)), since: time.Now()}
}

func (s *slots) Name() string { return "slots" }

func (s *slots) change(by int) {
	now := time.Now()
	s.busyTime += time.Duration(s.busy) * now.Sub(s.since)
	s.since = now
	s.busy += by
}

func (s *slots) Complete(ctx context.Context, _ lm.Request) (lm.Reply, error) {
	s.mu.Lock()
	s.calls++
	if s.busy >= s.size {
		s.refused++
		s.mu.Unlock()
		return lm.Reply{}, &lm.Error{Kind: lm.KindRateLimited, Status: 429, RetryAfter: s.retryAfter, Usage: lm.Usage{Calls: 1}}
	}
	took := time.Duration(float64(2*time.Second) * math.Exp(s.sigma*s.random.NormFloat64()))
	s.change(1)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.change(-1)
	}()
	select {
	case <-time.After(took):
		return lm.Reply{Text: "a", Finish: lm.FinishStop, Usage: lm.Usage{Calls: 1}}, nil
	case <-ctx.Done():
		return lm.Reply{}, &lm.Error{Kind: lm.KindCancelled, Err: ctx.Err()}
	}
}

// measure returns the share of slots busy and of calls refused since the last
// call.
func (s *slots) measure(over time.Duration) (busy, refused float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(0)
	busy = float64(s.busyTime) / float64(over) / float64(s.size)
	refused = float64(s.refused) / float64(max(1, s.calls))
	s.busyTime, s.calls, s.refused = 0, 0, 0
	return busy, refused
}

func TestLimiterFindsTheProvidersLimit(t *testing.T) {
	for _, size := range []int{4, 16, 64} {
		for _, sigma := range []float64{0.2, 1} {
			for _, retried := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d slots, sigma %v, retried %v", size, sigma, retried), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						server := newSlots(size, sigma)
						m := lm.Limit(server, lm.NewLimiter(lm.LimiterOptions{}))
						if retried {
							m = lm.Retry(m, lm.RetryOptions{Jitter: func() float64 { return 0.5 }})
						}
						ctx, cancel := context.WithCancel(t.Context())
						var wg sync.WaitGroup
						for range 200 {
							wg.Go(func() {
								for ctx.Err() == nil {
									_, _ = m.Complete(ctx, ask("q")) // failures are the subject
								}
							})
						}
						start := time.Now()
						time.Sleep(2 * time.Minute) //nolint:forbidigo // the bubble's clock
						busy, refused := server.measure(time.Since(start))
						t.Logf("warming up: %.1f %% busy, %.2f %% refused", 100*busy, 100*refused)
						if busy < 0.7 || refused > 0.1 {
							t.Error("it takes long to find the limit")
						}
						for range 3 {
							const window = 5 * time.Minute
							time.Sleep(window) //nolint:forbidigo // the bubble's clock
							busy, refused := server.measure(window)
							t.Logf("steady: %.1f %% busy, %.2f %% refused", 100*busy, 100*refused)
							wantBusy, wantRefused := 0.85, 0.03
							if size < 10 {
								wantRefused = 0.06 // trying one more is refused one time in twenty
							}
							if busy < wantBusy || refused > wantRefused {
								t.Errorf("%.1f %% busy, want %.0f; %.2f %% refused, want at most %.0f", 100*busy, 100*wantBusy, 100*refused, 100*wantRefused)
							}
						}
						cancel()
						wg.Wait()
					})
				})
			}
		}
	}
}

// The provider's limit moves, and the limiter follows.
func TestLimiterFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newSlots(64, 0.2)
		limiter := lm.NewLimiter(lm.LimiterOptions{Max: 100})
		m := lm.Limit(server, limiter)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				for ctx.Err() == nil {
					_, _ = m.Complete(ctx, ask("q")) // failures are the subject
				}
			})
		}
		for _, size := range []int{64, 8, 40, 1000} {
			server.mu.Lock()
			server.size = size
			server.mu.Unlock()
			time.Sleep(10 * time.Minute) //nolint:forbidigo // the bubble's clock
			got, want := limiter.Stats(), min(size, 100)
			if got.Limit > want+2 || got.Limit < want*8/10 || got.InFlight > got.Limit+1 || got.Waiting < 90 {
				t.Errorf("with %d slots the limiter stands at %+v", size, got)
			}
		}
		cancel()
		wg.Wait()
		if got := limiter.Stats(); got.InFlight != 0 || got.Waiting != 0 {
			t.Errorf("at the end: %+v", got)
		}
	})
}

// A limit that is not used does not grow, and failures of other kinds say
// nothing about it.
func TestLimiterLearnsOnlyFromWhatTests(t *testing.T) {
	limiter := lm.NewLimiter(lm.LimiterOptions{Start: 5})
	for _, m := range []lm.Model{
		answering(lm.Reply{}),
		lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
			return lm.Reply{}, &lm.Error{Kind: lm.KindConnection}
		}),
		lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
			return lm.Reply{}, &lm.Error{Kind: lm.KindOverloaded, Status: 500}
		}),
	} {
		for range 20 {
			_, _ = lm.Limit(m, limiter).Complete(t.Context(), ask("q")) // failures are the subject
		}
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = lm.Limit(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) { panic("boom") }), limiter).Complete(t.Context(), ask("q"))
	}()
	if got := limiter.Stats(); got.Limit != 5 || got.InFlight != 0 || got.Calls != 61 || got.Refused != 0 {
		t.Errorf("stats = %+v", got)
	}
	overload := lm.Limit(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		return lm.Reply{}, &lm.Error{Kind: lm.KindOverloaded, Status: 529}
	}), limiter)
	for range 20 {
		_, _ = overload.Complete(t.Context(), ask("q")) // failures are the subject
	}
	if got := limiter.Stats(); got.Limit != 1 || got.Refused != 20 {
		t.Errorf("after overloads: %+v", got)
	}
}

func TestLimiterHeedsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		calls := 0
		m := lm.Limit(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
			if calls++; calls == 1 {
				return lm.Reply{}, &lm.Error{Kind: lm.KindRateLimited, RetryAfter: 30 * time.Second}
			}
			return lm.Reply{}, nil
		}), lm.NewLimiter(lm.LimiterOptions{}))
		if _, err := m.Complete(t.Context(), ask("q")); err == nil {
			t.Fatal("the first call passed")
		}
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := m.Complete(brief, ask("q")); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("an impatient call: %v after %v", err, time.Since(start))
		}
		if _, err := m.Complete(t.Context(), ask("q")); err != nil || time.Since(start) != 30*time.Second || calls != 2 {
			t.Errorf("a patient call: %v after %v, %d calls", err, time.Since(start), calls)
		}
	})
}

// Calls are admitted in order, and those that give up leave no gap.
func TestLimiterIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		m := lm.Limit(lm.Func(func(_ context.Context, req lm.Request) (lm.Reply, error) {
			mu.Lock()
			order = append(order, req.Messages[0].Content)
			mu.Unlock()
			time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
			return lm.Reply{}, nil
		}), lm.NewLimiter(lm.LimiterOptions{Start: 1, Max: 1}))
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%3 == 1 {
					time.AfterFunc(time.Second, cancel)
				}
				_, err := m.Complete(ctx, ask(fmt.Sprint(i)))
				if (err != nil) != (i%3 == 1) {
					t.Errorf("call %d: %v", i, err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if want := []string{"0", "2", "3", "5", "6"}; !slices.Equal(order, want) {
			t.Errorf("let in %v, want %v", order, want)
		}
	})
}

func TestLimiterRates(t *testing.T) {
	tests := map[string]struct {
		options lm.LimiterOptions
		usage   lm.Usage
		want    float64 // calls a minute
	}{
		"requests":          {lm.LimiterOptions{RequestsPerMinute: 120}, lm.Usage{Calls: 1}, 120},
		"few requests":      {lm.LimiterOptions{RequestsPerMinute: 3}, lm.Usage{Calls: 1}, 3},
		"tokens":            {lm.LimiterOptions{TokensPerMinute: 60_000}, lm.Usage{Calls: 1, InputTokens: 400, OutputTokens: 200}, 100},
		"more than thought": {lm.LimiterOptions{TokensPerMinute: 60_000}, lm.Usage{Calls: 1, InputTokens: 4000, OutputTokens: 2000}, 10},
		"unmeasured":        {lm.LimiterOptions{TokensPerMinute: 60_000}, lm.Usage{Calls: 1, Unmeasured: 1}, 60_000.0 / (250 + 8 + 256)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := lm.Limit(answering(lm.Reply{Usage: tt.usage}), lm.NewLimiter(tt.options))
				const minutes = 60
				ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
				defer cancel()
				var mu sync.Mutex
				var wg sync.WaitGroup
				n := 0
				for range 20 {
					wg.Go(func() {
						for {
							if _, err := m.Complete(ctx, ask(string(make([]byte, 1000)))); err != nil {
								if !errors.Is(err, context.DeadlineExceeded) {
									t.Error(err)
								}
								return
							}
							mu.Lock()
							n++
							mu.Unlock()
						}
					})
				}
				wg.Wait()
				if got := float64(n) / minutes; got > tt.want*1.05+0.5 || got < tt.want*0.9-0.5 {
					t.Errorf("%.1f calls a minute, want %.1f", got, tt.want)
				}
			})
		})
	}
}
