package lm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
)

// A RequestKey is the content address of a request to a model.
type RequestKey = [32]byte

// A CacheStore keeps values by their content address, as
// [github.com/gepa-go/gepa/store.Cache] does on disk. It must be safe for
// concurrent use.
type CacheStore interface {
	// Get returns the value under a key, and whether there is one.
	Get(ctx context.Context, key RequestKey) (value []byte, found bool, err error)
	// Put stores a value under a key.
	Put(ctx context.Context, key RequestKey, value []byte) error
}

// A Cache answers requests that were answered before. It is made by [NewCache],
// shared by all models of a program, and safe for concurrent use.
type Cache struct {
	store   CacheStore
	onError func(error)

	mu      sync.Mutex
	flights map[RequestKey]*flight
	stats   CacheStats
}

// CacheStats say what a cache was good for since it was made.
type CacheStats struct {
	// Hits counts the requests that the cache answered, Shared those that
	// waited for an equal one under way, and Misses the calls that were made.
	Hits, Shared, Misses int64
	// Refused counts the replies that were no answers and were not kept.
	Refused int64
	// Saved is what the answers of Hits cost when they were paid for.
	Saved Usage
	// Unstored counts the answers that the store did not take.
	Unstored int64
}

// NewCache returns a cache that keeps replies in a store. If a reply that was
// paid for cannot be stored it is handed on all the same, and onError, if not
// nil, is told; it must be safe for concurrent use.
func NewCache(s CacheStore, onError func(error)) *Cache {
	return &Cache{store: s, onError: onError, flights: map[RequestKey]*flight{}}
}

// Stats returns what the cache was good for so far.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Cached returns a model that answers from the cache what was asked before,
// of a model with m's name and [Identity], and asks m for the rest. A reply
// from the cache has a Usage of one cached call that cost nothing.
//
// Equal requests at the same time make one call: its usage is in the first's
// reply, or in that of the first that still waits when it comes, and the
// others are answered as from the cache. The call goes on until the last of
// those who wait for it has gone.
//
// What is kept are answers: never an error, nor a reply that was cut off,
// withheld, empty or a call of a tool.
//
// A store that cannot be read fails the call, by an error marked by
// [gepa.Fatal]: answering without it would pay again for what is there.
func Cached(m Model, c *Cache) Model {
	return &cached{wrapping: wrapping{m}, cache: c, identity: Identity(m)}
}

type cached struct {
	wrapping
	cache    *Cache
	identity string
}

// keyVersion is part of every key; it changes with the meaning of keys or the
// form of what is stored.
const keyVersion = "gepa reply 1"

// Key returns the content address of a request to a model: a hash of the
// model's name, its [Identity] and everything in the request. The only error
// is that of a number in the request that is not finite.
func Key(m Model, req Request) (RequestKey, error) { return requestKey(m.Name(), Identity(m), req) }

func requestKey(name, identity string, req Request) (RequestKey, error) {
	h := sha256.New()
	// Every part is preceded by its length or is the last, so that no two
	// requests run into the same bytes.
	for _, part := range []string{keyVersion, name, identity} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	if err := json.NewEncoder(h).Encode(req); err != nil {
		return RequestKey{}, err
	}
	return RequestKey(h.Sum(nil)), nil
}

func (c *cached) Complete(ctx context.Context, req Request) (Reply, error) {
	key, err := requestKey(c.Name(), c.identity, req)
	if err != nil {
		return Reply{}, &Error{Kind: KindBadRequest, Model: c.Name(), Words: err.Error()}
	}
	f, first := c.cache.join(ctx, key)
	if first {
		go f.run(c, key, req)
	}
	reply, err := f.wait(ctx, c.Name())
	if notesTo(ctx) != nil {
		f.tell(ctx, first, reply, err)
	}
	return reply, err
}

// tell leaves the cache's note on a call.
func (f *flight) tell(ctx context.Context, first bool, reply Reply, err error) {
	result := slog.String("result", "miss")
	switch {
	case !first:
		result = slog.String("result", "shared")
	case err == nil && reply.Usage.Cached > 0:
		result = slog.String("result", "hit")
	}
	Tell(ctx, PartCache, result, slog.Bool("kept", err == nil && answers(reply)))
}

// answers reports whether a reply is an answer, and so worth keeping.
func answers(r Reply) bool { return r.Finish == FinishStop && strings.TrimSpace(r.Text) != "" }

// A flight is one lookup or call that any number of equal requests wait for.
type flight struct {
	cache *Cache
	// call is the context of the call, which outlives that of whoever began.
	call   context.Context //nolint:containedctx // a flight belongs to no single caller, and lives as long as any
	cancel context.CancelFunc

	waiting int  // under cache.mu
	charged bool // somebody has the usage; under cache.mu

	done  chan struct{} // closed when what follows is set
	reply Reply
	err   error
	hit   bool
}

// join adds the caller to the flight of a key. It reports whether the caller
// is the first and has to run it.
func (c *Cache) join(ctx context.Context, key RequestKey) (f *flight, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f = c.flights[key]
	if f == nil {
		f, first = &flight{cache: c, done: make(chan struct{})}, true
		f.call, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
		c.flights[key] = f
	} else {
		c.stats.Shared++
	}
	f.waiting++
	return f, first
}

// run makes the flight.
func (f *flight) run(m *cached, key RequestKey, req Request) {
	f.reply, f.hit, f.err = m.lookup(f.call, key)
	if !f.hit && f.err == nil {
		f.reply, f.err = m.ask(f.call, key, req)
	}
	f.cache.mu.Lock()
	if f.cache.flights[key] == f {
		delete(f.cache.flights, key)
	}
	f.cache.mu.Unlock()
	close(f.done)
	f.cancel()
}

// wait returns the flight's outcome, or the context's error if that ends
// first and others wait, too. The last who waits stays to see what the
// cancelled call has cost.
func (f *flight) wait(ctx context.Context, name string) (Reply, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		if !f.leave() {
			return Reply{}, &Error{Kind: KindCancelled, Model: name, Err: ctx.Err()}
		}
		<-f.done
	}
	f.cache.mu.Lock()
	pays := !f.charged && !f.hit
	f.charged = true
	f.cache.mu.Unlock()
	switch {
	case f.err != nil && !pays:
		e := *AsError(f.err, name)
		e.Usage = Usage{}
		return Reply{}, &e
	case f.err != nil:
		return Reply{}, f.err
	}
	reply := f.reply
	if !pays {
		reply.Usage = Usage{Cached: 1}
	}
	return reply, nil
}

// leave takes the caller off the flight and reports whether it was the last:
// then the call is cancelled, and nobody joins it any more.
func (f *flight) leave() bool {
	f.cache.mu.Lock()
	defer f.cache.mu.Unlock()
	f.waiting--
	if f.waiting > 0 {
		return false
	}
	for key, other := range f.cache.flights {
		if other == f {
			delete(f.cache.flights, key)
		}
	}
	f.cancel()
	return true
}

// lookup asks the store.
func (c *cached) lookup(ctx context.Context, key RequestKey) (Reply, bool, error) {
	start := time.Now()
	value, found, err := c.cache.store.Get(ctx, key)
	switch {
	case ctx.Err() != nil:
		return Reply{}, false, &Error{Kind: KindCancelled, Model: c.Name(), Err: ctx.Err()}
	case err != nil:
		return Reply{}, false, &Error{Kind: KindOther, Model: c.Name(), Err: gepa.Fatal(err)}
	case !found:
		return Reply{}, false, nil
	}
	var reply Reply
	if err := json.Unmarshal(value, &reply); err != nil {
		err = fmt.Errorf("cache: entry %x is not a reply: %w: clear the cache (gepa cache clear)", key[:4], err)
		return Reply{}, false, &Error{Kind: KindOther, Model: c.Name(), Err: gepa.Fatal(err)}
	}
	recall(ctx, reply)
	saved := reply.Usage
	c.cache.count(func(stats *CacheStats) {
		stats.Hits++
		stats.Saved = stats.Saved.Add(saved)
	})
	reply.Usage, reply.Latency = Usage{Cached: 1}, time.Since(start)
	return reply, true, nil
}

// ask makes the call and keeps its answer.
func (c *cached) ask(ctx context.Context, key RequestKey, req Request) (reply Reply, err error) {
	defer func() {
		// This is a goroutine of its own, where a panic would end the program.
		if p := recover(); p != nil {
			err = &Error{Kind: KindOther, Model: c.Name(), Words: fmt.Sprintf("the model panicked: %v\n%s", p, debug.Stack()), Usage: Usage{Calls: 1, Unmeasured: 1}}
		}
	}()
	c.cache.count(func(stats *CacheStats) { stats.Misses++ })
	reply, err = c.model.Complete(ctx, req)
	if err != nil {
		return reply, err
	}
	if !answers(reply) {
		c.cache.count(func(stats *CacheStats) { stats.Refused++ })
		return reply, nil
	}
	value, err := json.Marshal(reply)
	if err == nil {
		// What was paid for is kept, also if nobody waits for it any more.
		err = c.cache.store.Put(context.WithoutCancel(ctx), key, value)
	}
	if err != nil {
		c.cache.count(func(stats *CacheStats) { stats.Unstored++ })
		if c.cache.onError != nil {
			c.cache.onError(errors.Join(errors.New("a reply was not cached"), err))
		}
	}
	return reply, nil
}

func (c *Cache) count(change func(*CacheStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}
