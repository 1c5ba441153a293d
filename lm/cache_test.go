package lm_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/store"
)

func TestMain(m *testing.M) {
	// Google's library has one that lives as long as the program.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// memory is a store in memory that can be told to fail.
type memory struct {
	mu        sync.Mutex
	values    map[lm.RequestKey][]byte
	getErr    error
	putErr    error
	get, puts int
}

func (m *memory) Get(_ context.Context, key lm.RequestKey) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.get++
	v, ok := m.values[key]
	return v, ok, m.getErr
}

func (m *memory) Put(_ context.Context, key lm.RequestKey, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[lm.RequestKey][]byte{}
	}
	m.puts++
	if m.putErr == nil {
		m.values[key] = value
	}
	return m.putErr
}

func ask(text string) lm.Request {
	return lm.Request{Messages: []lm.Message{{Role: "user", Content: text}}}
}

var onceUsage = lm.Usage{Calls: 1, InputTokens: 10, OutputTokens: 3, Cost: gepa.Cost{Nanos: 700}}

func answering(reply lm.Reply) lm.Func {
	return func(context.Context, lm.Request) (lm.Reply, error) { return reply, nil }
}

func TestCachedOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	var calls atomic.Int64
	model := lm.Named("openai/m", lm.Func(func(_ context.Context, req lm.Request) (lm.Reply, error) {
		calls.Add(1)
		return lm.Reply{Text: "re: " + req.Messages[0].Content, Reasoning: "hm", Finish: lm.FinishStop, Model: "m-1", Usage: onceUsage}, nil
	}))
	for session := range 2 {
		disk, err := store.OpenCache(t.Context(), path, store.CacheOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cache := lm.NewCache(disk, func(err error) { t.Error(err) })
		m := lm.Cached(model, cache)
		for i := range 3 {
			got, err := m.Complete(t.Context(), ask("hello"))
			if err != nil {
				t.Fatal(err)
			}
			want := lm.Reply{Text: "re: hello", Reasoning: "hm", Finish: lm.FinishStop, Model: "m-1", Usage: lm.Usage{Cached: 1}}
			if session == 0 && i == 0 {
				want.Usage = onceUsage
			}
			got.Latency = 0
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("session %d, call %d: %s", session, i, diff)
			}
		}
		want := lm.CacheStats{Hits: 2, Misses: 1, Saved: onceUsage.Add(onceUsage)}
		if session == 1 {
			want = lm.CacheStats{Hits: 3, Saved: onceUsage.Add(onceUsage).Add(onceUsage)}
		}
		if diff := cmp.Diff(want, cache.Stats()); diff != "" {
			t.Errorf("session %d: %s", session, diff)
		}
		if err := disk.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls for one request, want 1", calls.Load())
	}
}

// Whatever changes in a request changes its key, whichever fields a request
// may get: the test finds them by reflection.
func TestKeyHoldsEverything(t *testing.T) {
	m := lm.Func(nil)
	key := func(m lm.Model, req lm.Request) lm.RequestKey {
		k, err := lm.Key(m, req)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	full := func() *lm.Request {
		var req lm.Request
		fill(reflect.ValueOf(&req).Elem())
		return &req
	}
	base := key(m, *full())
	if again := key(m, *full()); again != base {
		t.Fatal("the key of equal requests differs")
	}
	seen := map[lm.RequestKey]string{base: "the request as it is"}
	leaves := 0
	for i := 0; ; i++ {
		req := full()
		n := i
		path, changed := changeLeaf(reflect.ValueOf(req).Elem(), "Request", &n)
		if !changed {
			break
		}
		leaves++
		k := key(m, *req)
		if other, dup := seen[k]; dup {
			t.Errorf("changing %s gives the key of %s", path, other)
		}
		seen[k] = path
	}
	if leaves < 10 {
		t.Errorf("only %d fields were found", leaves)
	}
	for name, other := range map[string]lm.Model{
		"name":     lm.Named("other", m),
		"identity": identified{Model: m, identity: "http://elsewhere"},
		"wrapped":  lm.Retry(lm.Timeout(identified{Model: m, identity: "seed 2"}, time.Second), lm.RetryOptions{}),
	} {
		k := key(other, *full())
		if what, dup := seen[k]; dup {
			t.Errorf("another %s gives the key of %s", name, what)
		}
		seen[k] = name
	}
	if key(lm.Retry(m, lm.RetryOptions{}), *full()) != base {
		t.Error("middleware changes the key")
	}
	nan := *full()
	zero := 0.0
	bad := zero / zero
	nan.Params.Temperature = &bad
	if _, err := lm.Key(m, nan); err == nil {
		t.Error("a temperature that is no number has a key")
	}
	if _, err := lm.Cached(m, lm.NewCache(&memory{}, nil)).Complete(t.Context(), nan); lm.AsError(err, "").Kind != lm.KindBadRequest {
		t.Errorf("a temperature that is no number: %v", err)
	}
}

type identified struct {
	lm.Model
	identity string
}

func (i identified) Identity() string { return i.identity }

// fill gives every field a value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("1"))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.String:
		v.SetString("a")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(false)
	default:
		panic("the test cannot fill " + v.Type().String())
	}
}

// changeLeaf changes the n-th value within v.
func changeLeaf(v reflect.Value, path string, n *int) (string, bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return changeLeaf(v.Elem(), path, n)
	case reflect.Struct:
		for field, value := range v.Fields() {
			if p, ok := changeLeaf(value, path+"."+field.Name, n); ok {
				return p, true
			}
		}
		return "", false
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				if p, ok := changeLeaf(v.Index(i), fmt.Sprintf("%s[%d]", path, i), n); ok {
					return p, true
				}
			}
			return "", false
		}
	}
	if *n--; *n >= 0 {
		return "", false
	}
	switch v.Kind() {
	case reflect.Slice:
		v.SetBytes([]byte("2"))
	case reflect.String:
		v.SetString("b")
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Float64:
		v.SetFloat(0.25)
	case reflect.Bool:
		v.SetBool(true)
	}
	return path, true
}

func TestCachedKeepsOnlyAnswers(t *testing.T) {
	failure := &lm.Error{Kind: lm.KindOverloaded, Usage: lm.Usage{Calls: 2}}
	tests := map[string]struct {
		reply lm.Reply
		err   error
		kept  bool
	}{
		"answer":      {reply: lm.Reply{Text: "a", Finish: lm.FinishStop}, kept: true},
		"cut off":     {reply: lm.Reply{Text: "a", Finish: lm.FinishLength}},
		"filtered":    {reply: lm.Reply{Text: "a", Finish: lm.FinishFiltered}},
		"tools":       {reply: lm.Reply{Text: "a", Finish: lm.FinishTools}},
		"empty":       {reply: lm.Reply{Text: "", Finish: lm.FinishStop}},
		"blank":       {reply: lm.Reply{Text: " \n", Finish: lm.FinishStop}},
		"unfinished":  {reply: lm.Reply{Text: "a"}},
		"failure":     {err: failure},
		"plain error": {err: errors.New("lost")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			m := lm.Cached(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
				calls++
				return tt.reply, tt.err
			}), lm.NewCache(&memory{}, nil))
			for range 2 {
				reply, err := m.Complete(t.Context(), ask("q"))
				if !errors.Is(err, tt.err) || reply.Text != tt.reply.Text || reply.Finish != tt.reply.Finish {
					t.Errorf("got %+v, %v", reply, err)
				}
			}
			if want := map[bool]int{true: 1, false: 2}[tt.kept]; calls != want {
				t.Errorf("%d calls, want %d", calls, want)
			}
		})
	}
}

// One call for equal requests at the same time, paid by one of them.
func TestCachedOnce(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int64
			cache := lm.NewCache(&memory{}, nil)
			m := lm.Cached(lm.Func(func(ctx context.Context, _ lm.Request) (lm.Reply, error) {
				calls.Add(1)
				time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
				if fails {
					return lm.Reply{}, &lm.Error{Kind: lm.KindOverloaded, Usage: onceUsage}
				}
				return lm.Reply{Text: "a", Finish: lm.FinishStop, Usage: onceUsage}, ctx.Err()
			}), cache)
			const n = 10
			var mu sync.Mutex
			var total lm.Usage
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					reply, err := m.Complete(t.Context(), ask("q"))
					if (err != nil) != fails {
						t.Errorf("got %+v, %v", reply, err)
					}
					mu.Lock()
					total = total.Add(reply.Usage).Add(gepa.UsageOf(err))
					mu.Unlock()
				})
			}
			wg.Wait()
			want := onceUsage
			if !fails {
				want.Cached = n - 1
			}
			if diff := cmp.Diff(want, total); diff != "" || calls.Load() != 1 {
				t.Errorf("%d calls for %d requests at once; usage: %s", calls.Load(), n, diff)
			}
			if stats := cache.Stats(); stats.Shared != n-1 || stats.Misses != 1 {
				t.Errorf("stats = %+v", stats)
			}
		})
	}
}

// Whoever began the call may leave: those who wait have it. When all have
// left the call ends, and the last knows what it cost.
func TestCachedLeaderLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		var calls, cancelled atomic.Int64
		m := lm.Cached(lm.Func(func(ctx context.Context, _ lm.Request) (lm.Reply, error) {
			calls.Add(1)
			select {
			case <-time.After(time.Minute):
				return lm.Reply{Text: "a", Finish: lm.FinishStop, Usage: onceUsage}, nil
			case <-ctx.Done():
				cancelled.Add(1)
				return lm.Reply{}, &lm.Error{Kind: lm.KindCancelled, Err: ctx.Err(), Usage: lm.Usage{Calls: 1, Unmeasured: 1}}
			}
		}), lm.NewCache(store, nil))
		begin := func(patience time.Duration) chan error {
			done := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				reply, err := m.Complete(ctx, ask("q"))
				if err == nil && reply.Usage != onceUsage {
					err = fmt.Errorf("the usage is %+v", reply.Usage)
				}
				done <- err
			}()
			synctest.Wait()
			return done
		}
		leader, waiter := begin(time.Second), begin(time.Hour)
		if err := <-leader; !errors.Is(err, context.DeadlineExceeded) || gepa.UsageOf(err) != (lm.Usage{}) {
			t.Errorf("the leader got %v with %+v", err, gepa.UsageOf(err))
		}
		if err := <-waiter; err != nil || calls.Load() != 1 || cancelled.Load() != 0 || store.puts != 1 {
			t.Errorf("the waiter got %v after %d calls", err, calls.Load())
		}

		clear(store.values)
		first, last := begin(time.Second), begin(2*time.Second)
		err := errors.Join(<-first, <-last)
		if !errors.Is(err, context.Canceled) || cancelled.Load() != 1 || calls.Load() != 2 {
			t.Errorf("all left: %v, %d calls, %d cancelled", err, calls.Load(), cancelled.Load())
		}
		if len(store.values) != 0 {
			t.Error("a cancelled call was kept")
		}
	})
}

func TestCachedPanic(t *testing.T) {
	m := lm.Cached(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) { panic("boom") }), lm.NewCache(&memory{}, nil))
	if _, err := m.Complete(t.Context(), ask("q")); err == nil || lm.AsError(err, "").Usage.Unmeasured != 1 {
		t.Errorf("got %v", err)
	}
}

func TestCachedStoreFails(t *testing.T) {
	broken := errors.New("disk on fire")
	reply := lm.Reply{Text: "a", Finish: lm.FinishStop, Usage: onceUsage}

	var told error
	cache := lm.NewCache(&memory{putErr: broken}, func(err error) { told = err })
	got, err := lm.Cached(answering(reply), cache).Complete(t.Context(), ask("q"))
	if err != nil || got.Text != "a" || !errors.Is(told, broken) || cache.Stats().Unstored != 1 {
		t.Errorf("a reply that could not be stored: %+v, %v; told %v", got, err, told)
	}
	_, err = lm.Cached(answering(reply), lm.NewCache(&memory{getErr: broken}, nil)).Complete(t.Context(), ask("q"))
	if !errors.Is(err, broken) || !gepa.IsFatal(err) {
		t.Errorf("a store that cannot be read: %v", err)
	}
	store := &memory{}
	m := lm.Cached(answering(reply), lm.NewCache(store, nil))
	for range 2 {
		_, err = m.Complete(t.Context(), ask("q"))
		for key := range store.values {
			store.values[key] = []byte("not JSON")
		}
	}
	if !gepa.IsFatal(err) {
		t.Errorf("an entry that is no reply: %v", err)
	}
}
