package lm_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/cassette"
	"github.com/gepa-go/gepa/lm/openai"
	"github.com/gepa-go/gepa/store"
)

// promptBytes is the size of a request's messages: that of HotpotQA's.
const promptBytes = 6000

// instantServer answers every request with the same reply, as quickly as
// net/http can. lmtest's server reads and remembers what it is sent, which is a
// quarter of all the work and none of the chain's.
func instantServer(b *testing.B) (url string) {
	reply := fmt.Appendf(nil, `{"id":"chatcmpl-1","object":"chat.completion","created":0,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":1500,"completion_tokens":60,"total_tokens":1560}}`,
		strings.Repeat("word ", 60))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			b.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(reply) // the client reports what did not arrive
	}))
	b.Cleanup(server.Close)
	return server.URL + "/v1"
}

// BenchmarkChain calls an instant server on this machine through the whole
// chain, 64 calls at once, with a cache on disk that knows none of them. What
// it reports includes the server, which runs in the same process.
func BenchmarkChain(b *testing.B) {
	for _, recorded := range []bool{false, true} {
		b.Run(fmt.Sprintf("recorded=%v", recorded), func(b *testing.B) { benchmarkChain(b, recorded) })
	}
}

func benchmarkChain(b *testing.B, recorded bool) {
	server := instantServer(b)
	client, err := openai.New(openai.Config{
		Model: "openai-compatible/m", BaseURL: server, Getenv: func(string) string { return "" },
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	disk, err := store.OpenCache(b.Context(), filepath.Join(b.TempDir(), "cache.db"), store.CacheOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	price := &lm.Price{Input: 100_000, Output: 400_000}
	options := lm.ChainOptions{
		Cache:    lm.NewCache(disk, func(err error) { b.Error(err) }),
		Purse:    lm.NewPurse(lm.Caps{Nanos: 1 << 60, Tokens: 1 << 60, Calls: 1 << 60}),
		Limiter:  lm.NewLimiter(lm.LimiterOptions{Start: 64, RequestsPerMinute: 1e9, TokensPerMinute: 1e9}),
		Timeout:  time.Minute,
		Spending: lm.Spending{Price: price, MaxTokens: 1000},
	}
	if recorded {
		recorder, err := cassette.NewRecorder(filepath.Join(b.TempDir(), "run.jsonl"), cassette.Options{})
		if err != nil {
			b.Fatal(err)
		}
		options.Record = recorder.Record
	}
	model, err := lm.Chain(client, options)
	if err != nil {
		b.Fatal(err)
	}
	system, passage := strings.Repeat("instruction ", 100), strings.Repeat("A sentence of the context. ", (promptBytes-1200)/27)
	var number atomic.Int64
	call := func() error {
		_, err := model.Complete(b.Context(), lm.Request{Messages: []lm.Message{
			{Role: "system", Content: system},
			{Role: "user", Content: passage + fmt.Sprint("\nQuestion ", number.Add(1))},
		}})
		return err
	}
	if err := call(); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := call(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	if stats := options.Cache.Stats(); stats.Misses != number.Load() || stats.Unstored > 0 {
		b.Errorf("the cache was not cold: %+v of %d calls", stats, number.Load())
	}
}
