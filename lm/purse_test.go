package lm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// till is a provider that keeps its own count of what it is owed.
type till struct {
	price lm.Price
	// next decides about the n-th call: how long it takes, how many tokens of
	// output it makes of at most so many, and what happens to its reply.
	next func(n, most int) (time.Duration, int64, fate)

	mu                  sync.Mutex
	calls, tokens, owed int64
	flying, mostFlying  int
}

type fate int

const (
	answered   fate = iota
	refused         // with a status, and nothing to pay
	broken          // the reply was made, and lost
	unreported      // the reply comes without counts
	unreached       // nothing was sent
)

func (s *till) Name() string { return "till" }

func (s *till) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	s.mu.Lock()
	took, output, fate := s.next(int(s.calls), req.Params.MaxTokens)
	if fate == unreached {
		s.mu.Unlock()
		return lm.Reply{}, &lm.Error{Kind: lm.KindConnection}
	}
	s.calls++
	s.flying++
	s.mostFlying = max(s.mostFlying, s.flying)
	usage := lm.Usage{Calls: 1}
	if fate != refused {
		usage.OutputTokens = output
		for _, m := range req.Messages {
			usage.InputTokens += int64(len(m.Content)) // a hostile tokenizer: a token a byte
		}
		usage.CacheWriteTokens = usage.InputTokens / 2
		usage.ReasoningTokens = usage.OutputTokens / 3
	}
	usage.Cost.Nanos = s.price.Cost(usage)
	s.tokens += usage.Tokens()
	s.owed += usage.Cost.Nanos
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.flying--
		s.mu.Unlock()
	}()
	unknown := lm.Usage{Calls: 1, Unmeasured: 1, Cost: gepa.Cost{Unknown: 1}}
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return lm.Reply{}, &lm.Error{Kind: lm.KindCancelled, Err: ctx.Err(), Usage: unknown}
	}
	switch fate {
	case refused:
		return lm.Reply{}, &lm.Error{Kind: lm.KindOverloaded, Status: 503, Usage: usage}
	case broken:
		return lm.Reply{}, &lm.Error{Kind: lm.KindMalformed, Usage: unknown}
	case unreported:
		usage = unknown
	default:
		usage.Cost = gepa.Cost{Unknown: 1} // the table's price counts
	}
	return lm.Reply{Text: "a", Finish: lm.FinishStop, Usage: usage}, nil
}

// By the server's own count no cap is ever exceeded: at any price, latency,
// concurrency and luck, retries and time limits included.
func TestPurseIsNeverOverspent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		price := prices(rt)
		luck := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 16, 64).Draw(rt, "luck")
		faults := rapid.Bool().Draw(rt, "faults")
		caps := lm.Caps{
			Nanos:  rapid.SampledFrom([]int64{0, 1, 5e6, 5e7, 1e9}).Draw(rt, "nanos"),
			Tokens: rapid.SampledFrom([]int64{0, 1000, 20_000, 200_000}).Draw(rt, "tokens"),
			Calls:  rapid.SampledFrom([]int64{0, 1, 40, 300}).Draw(rt, "calls"),
		}
		workers := rapid.IntRange(1, 64).Draw(rt, "workers")
		problem := "" // rapid must not fail within the bubble
		synctest.Test(t, func(t *testing.T) {
			server := &till{price: price, next: func(n, most int) (time.Duration, int64, fate) {
				x := luck[n%len(luck)]
				f := answered
				if faults {
					f = fate(x % 5)
				}
				return time.Duration(1+x%997) * time.Millisecond, int64(x>>3) % int64(most+1), f
			}}
			purse := lm.NewPurse(caps)
			paid, err := lm.Budgeted(lm.Timeout(lm.Priced(server, &price), 900*time.Millisecond), purse, lm.Spending{Price: &price, MaxTokens: 300})
			if err != nil {
				t.Fatal(err)
			}
			model := lm.Retry(paid, lm.RetryOptions{Attempts: 3})
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					for i := range 20 {
						_, err := model.Complete(t.Context(), ask(strings.Repeat("x", luck[(w+i)%len(luck)]%400)))
						if errors.Is(err, gepa.ErrBudget) {
							return
						}
					}
				})
			}
			wg.Wait()
			for _, c := range []struct {
				name        string
				limit, took int64
			}{{"nanos", caps.Nanos, server.owed}, {"tokens", caps.Tokens, server.tokens}, {"calls", caps.Calls, server.calls}} {
				if c.limit > 0 && c.took > c.limit {
					problem = fmt.Sprintf("the server counted %d %s, the cap is %d", c.took, c.name, c.limit)
				}
			}
			spent := purse.Spent()
			if spent.Calls != server.calls || spent.Tokens < server.tokens || spent.Nanos < server.owed {
				problem = fmt.Sprintf("the purse counted %+v, the server %d nanos, %d tokens and %d calls", spent, server.owed, server.tokens, server.calls)
			}
			if !faults && server.mostFlying > 0 && (spent.Tokens != server.tokens || spent.Nanos != server.owed) && spent.Calls > 0 && luckIsQuick(luck) {
				problem = fmt.Sprintf("without faults the purse counted %+v, the server %d nanos and %d tokens", spent, server.owed, server.tokens)
			}
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

// luckIsQuick reports whether no call runs into the time limit.
func luckIsQuick(luck []int) bool {
	for _, x := range luck {
		if 1+x%997 >= 900 {
			return false
		}
	}
	return true
}

// A cap of five cents with 64 calls in flight: it is used nearly to the last,
// never beyond, and the calls do run beside each other.
func TestPurseIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		price := lm.Price{Input: 100_000, Output: 400_000}
		server := &till{price: price, next: func(n, most int) (time.Duration, int64, fate) {
			return time.Duration(500+n*37%400) * time.Millisecond, int64(n*13) % 60, answered
		}}
		const limit = 50_000_000
		purse := lm.NewPurse(lm.Caps{Nanos: limit})
		m, err := lm.Budgeted(lm.Priced(server, &price), purse, lm.Spending{Price: &price, MaxTokens: 1000})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for {
					_, err := m.Complete(t.Context(), ask(strings.Repeat("q", 300)))
					if b, ok := errors.AsType[*lm.BudgetError](err); ok {
						if b.Cap != "dollars" || b.Limit != limit || !gepa.IsFatal(err) || lm.AsError(err, "").Kind != lm.KindBudget {
							t.Errorf("refused by %v", err)
						}
						return
					}
				}
			})
		}
		wg.Wait()
		most := price.Most(300+4+1024, 1000)
		if server.owed > limit || server.owed < limit-most {
			t.Errorf("the server is owed %d of %d; a call takes at most %d", server.owed, limit, most)
		}
		if server.mostFlying < 60 {
			t.Errorf("at most %d calls were in flight", server.mostFlying)
		}
	})
}

func TestPurseWaitsInOrderAndLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &till{next: func(int, int) (time.Duration, int64, fate) { return time.Minute, 1, answered }}
		m, err := lm.Budgeted(server, lm.NewPurse(lm.Caps{Tokens: 2000}), lm.Spending{MaxTokens: 1000})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var wg sync.WaitGroup
		ends := make([]time.Duration, 3)
		errs := make([]error, 3)
		for i := range 3 {
			wg.Go(func() {
				ctx := t.Context()
				if i == 1 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Second)
					defer cancel()
				}
				_, errs[i] = m.Complete(ctx, ask("q"))
				ends[i] = time.Since(start)
			})
			synctest.Wait()
		}
		wg.Wait()
		if errs[0] != nil || errs[2] != nil || !errors.Is(errs[1], context.DeadlineExceeded) || lm.AsError(errs[1], "").Kind != lm.KindCancelled {
			t.Errorf("errors: %v", errs)
		}
		if want := []time.Duration{time.Minute, time.Second, 2 * time.Minute}; fmt.Sprint(ends) != fmt.Sprint(want) {
			t.Errorf("ended after %v, want %v", ends, want)
		}
	})
}

func TestPurseHoldAndSpend(t *testing.T) {
	purse := lm.NewPurse(lm.Caps{Calls: 10})
	m, err := lm.Budgeted(answering(lm.Reply{Usage: lm.Usage{Calls: 1}}), purse, lm.Spending{})
	if err != nil {
		t.Fatal(err)
	}
	spend := func() (n int) {
		for {
			if _, err := m.Complete(t.Context(), ask("q")); err != nil {
				if !errors.Is(err, gepa.ErrBudget) {
					t.Error(err)
				}
				return n
			}
			n++
		}
	}
	purse.Spend(lm.Usage{Calls: 2})
	purse.Hold(lm.Caps{Calls: 3})
	if n := spend(); n != 5 {
		t.Errorf("%d calls with 2 spent and 3 held of 10", n)
	}
	purse.Hold(lm.Caps{})
	if n := spend(); n != 3 {
		t.Errorf("%d calls of the 3 that were held", n)
	}
	if purse.Spent() != (lm.Caps{Calls: 10}) || purse.Caps() != purse.Spent() {
		t.Errorf("spent %+v", purse.Spent())
	}
}

func TestBudgetedNeedsPriceAndMaximum(t *testing.T) {
	m := lm.Named("openai/gpt-99", answering(lm.Reply{}))
	price := &lm.Price{}
	tests := map[string]struct {
		caps     lm.Caps
		spending lm.Spending
		want     []string
	}{
		"dollars":           {lm.Caps{Nanos: 1}, lm.Spending{}, []string{"openai/gpt-99", "price table", "max_tokens"}},
		"dollars, no price": {lm.Caps{Nanos: 1}, lm.Spending{MaxTokens: 5}, []string{"price table"}},
		"dollars, no limit": {lm.Caps{Nanos: 1}, lm.Spending{Price: price}, []string{"max_tokens"}},
		"dollars, both":     {lm.Caps{Nanos: 1}, lm.Spending{Price: price, MaxTokens: 5}, nil},
		"tokens":            {lm.Caps{Tokens: 1}, lm.Spending{}, []string{"max_tokens"}},
		"calls":             {lm.Caps{Calls: 1}, lm.Spending{}, nil},
		"none":              {lm.Caps{}, lm.Spending{}, nil},
	}
	for name, tt := range tests {
		_, err := lm.Budgeted(m, lm.NewPurse(tt.caps), tt.spending)
		if (err != nil) != (tt.want != nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, words := range tt.want {
			if !strings.Contains(fmt.Sprint(err), words) {
				t.Errorf("%s: %v does not say %q", name, err, words)
			}
		}
	}
}

// An error that says nothing, or a panic, keeps the whole reservation.
func TestPurseKeepsWhatIsNotKnown(t *testing.T) {
	for name, m := range map[string]lm.Func{
		"plain error": func(context.Context, lm.Request) (lm.Reply, error) { return lm.Reply{}, errors.New("lost") },
		"plain error as one of ours": func(context.Context, lm.Request) (lm.Reply, error) {
			return lm.Reply{}, lm.AsError(errors.New("lost"), "m")
		},
		"panic": func(context.Context, lm.Request) (lm.Reply, error) { panic("boom") },
	} {
		purse := lm.NewPurse(lm.Caps{Tokens: 10_000})
		paid, err := lm.Budgeted(m, purse, lm.Spending{MaxTokens: 700})
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = paid.Complete(t.Context(), ask("q"))
		}()
		if got := purse.Spent(); got.Tokens < 700 || got.Calls != 1 {
			t.Errorf("%s: spent %+v", name, got)
		}
	}
}
