package lm_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// tracer notes when a call passes it.
type tracer struct {
	lm.Model
	note func()
}

func (m tracer) Unwrap() lm.Model { return m.Model }

func (m tracer) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	m.note()
	return m.Model.Complete(ctx, req)
}

// With failures of every kind, limits, retries and equal requests, what the
// replies and errors say was consumed is what the server counted.
func TestChainAccountsForEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		price := lm.Price{Input: 1_000_000, Output: 4_000_000}
		server := &till{price: price, next: func(n, most int) (time.Duration, int64, fate) {
			switch n % 10 {
			case 3:
				return time.Second, 0, refused
			case 7:
				return time.Millisecond, 5, unreached
			}
			return time.Duration(1+n%700) * time.Millisecond, int64(n % (most + 1)), answered
		}}
		unreachable := 0
		wire := lm.Func(func(ctx context.Context, req lm.Request) (lm.Reply, error) {
			reply, err := server.Complete(ctx, req)
			if lm.AsError(err, "") != nil && lm.AsError(err, "").Kind == lm.KindConnection {
				server.mu.Lock()
				server.calls++ // or the next would be unreached, too
				unreachable++
				server.mu.Unlock()
			}
			return reply, err
		})
		cache := lm.NewCache(&memory{}, nil)
		purse := lm.NewPurse(lm.Caps{Calls: 1 << 40})
		recorded := 0
		var mu sync.Mutex
		m, err := lm.Chain(wire, lm.ChainOptions{
			Cache: cache, Purse: purse, Limiter: lm.NewLimiter(lm.LimiterOptions{}),
			Spending: lm.Spending{Price: &price, MaxTokens: 100},
			Record: func(m lm.Model) lm.Model {
				return tracer{Model: m, note: func() { mu.Lock(); recorded++; mu.Unlock() }}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		var total lm.Usage
		var wg sync.WaitGroup
		const workers, each = 64, 10
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					reply, err := m.Complete(t.Context(), ask(fmt.Sprint((w*each+i)%400)))
					mu.Lock()
					total = total.Add(reply.Usage).Add(gepa.UsageOf(err))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		server.calls -= int64(unreachable)
		got := []int64{total.Calls, total.Tokens(), total.Cost.Nanos, total.Cost.Unknown}
		if diff := cmp.Diff([]int64{server.calls, server.tokens, server.owed, 0}, got); diff != "" {
			t.Errorf("calls, tokens, nanos, unknown by the server and by the replies: %s", diff)
		}
		spent := purse.Spent()
		if diff := cmp.Diff(lm.Caps{Calls: server.calls, Tokens: server.tokens, Nanos: server.owed}, spent); diff != "" {
			t.Errorf("the purse: %s", diff)
		}
		stats := cache.Stats()
		if recorded != workers*each || stats.Hits+stats.Shared+stats.Misses != workers*each || stats.Misses < 400 || total.Cached == 0 {
			t.Errorf("%d recorded, cache %+v, %d cached", recorded, stats, total.Cached)
		}
	})
}

func TestChainRefusesACapItCannotKeep(t *testing.T) {
	_, err := lm.Chain(lm.Func(nil), lm.ChainOptions{Purse: lm.NewPurse(lm.Caps{Nanos: 1})})
	if err == nil {
		t.Error("a cap in dollars without a price was accepted")
	}
}

// The least that a chain is: retried and bounded in time.
func TestPlainChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := lm.Chain(lm.Func(func(ctx context.Context, _ lm.Request) (lm.Reply, error) {
			<-ctx.Done()
			return lm.Reply{}, ctx.Err()
		}), lm.ChainOptions{Retry: lm.RetryOptions{Attempts: 2}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Complete(t.Context(), ask("q"))
		if e := lm.AsError(err, ""); e.Kind != lm.KindTimeout || e.Attempts != 2 || e.Usage.Calls != 2 || e.Usage.Unmeasured != 2 {
			t.Errorf("got %+v", e)
		}
	})
}
