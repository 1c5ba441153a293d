package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/store"
)

func openCache(t *testing.T, path string, o store.CacheOptions) *store.Cache {
	t.Helper()
	c, err := store.OpenCache(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func cacheKey(name string) store.CacheKey { return sha256.Sum256([]byte(name)) }

func mustPut(t *testing.T, c *store.Cache, name, value string) {
	t.Helper()
	if err := c.Put(t.Context(), cacheKey(name), []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func mustGet(t *testing.T, c *store.Cache, name string) (string, bool) {
	t.Helper()
	value, found, err := c.Get(t.Context(), cacheKey(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(value), found
}

// A cache is a map that outlives the process.
func TestCacheIsAMap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "cache.db")
	c := openCache(t, path, store.CacheOptions{})
	opened := 1
	rapid.Check(t, func(rt *rapid.T) {
		if err := c.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		model := map[string]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "name")
			switch rapid.IntRange(0, 4).Draw(rt, "action") {
			case 0, 1:
				model[name] = rapid.String().Draw(rt, "value")
				mustPut(t, c, name, model[name])
			case 2:
				if opened < 10 { // another process
					c = openCache(t, path, store.CacheOptions{})
					opened++
				}
			case 3:
				if rapid.IntRange(0, 3).Draw(rt, "clear") == 0 {
					clear(model)
					if err := c.Clear(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			got, found := mustGet(t, c, name)
			want, known := model[name]
			if found != known || got != want {
				rt.Fatalf("Get(%q) = %q, %v; want %q, %v", name, got, found, want, known)
			}
		}
		stats, err := c.Stats(t.Context())
		if err != nil || stats.Entries != int64(len(model)) {
			rt.Fatalf("stats = %+v, %v; want %d entries", stats, err, len(model))
		}
	})
}

func TestCacheOfTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	caches := []*store.Cache{openCache(t, path, store.CacheOptions{}), openCache(t, path, store.CacheOptions{})}
	const each = 50
	var wg sync.WaitGroup
	for i, c := range caches {
		for w := range 4 {
			wg.Go(func() {
				for n := range each {
					name := fmt.Sprint(i, w, n)
					if err := c.Put(context.WithoutCancel(t.Context()), cacheKey(name), []byte(name)); err != nil {
						t.Error(err)
					}
					if got, found, err := c.Get(t.Context(), cacheKey(name)); err != nil || !found || string(got) != name {
						t.Errorf("Get(%s) = %q, %v, %v", name, got, found, err)
					}
				}
			})
		}
	}
	wg.Wait()
	for _, c := range caches {
		if stats, err := c.Stats(t.Context()); err != nil || stats.Entries != 2*4*each {
			t.Errorf("stats = %+v, %v; want %d entries", stats, err, 2*4*each)
		}
	}
}

func TestCacheAge(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := openCache(t, filepath.Join(t.TempDir(), "cache.db"), store.CacheOptions{
		MaxAge: time.Hour, Now: func() time.Time { return now },
	})
	mustPut(t, c, "old", "1")
	now = now.Add(40 * time.Minute)
	mustPut(t, c, "young", "2")
	now = now.Add(40 * time.Minute)
	if v, found := mustGet(t, c, "old"); found {
		t.Errorf("an entry of 80 minutes is still good for %q", v)
	}
	if v, found := mustGet(t, c, "young"); !found || v != "2" {
		t.Errorf("young = %q, %v", v, found)
	}
	if n, err := c.Prune(t.Context()); n != 1 || err != nil {
		t.Errorf("Prune = %d, %v; want 1 removed", n, err)
	}
	stats, err := c.Stats(t.Context())
	want := store.CacheStats{Entries: 1, Bytes: stats.Bytes, Oldest: now.Add(-40 * time.Minute), Newest: now.Add(-40 * time.Minute)}
	if diff := cmp.Diff(want, stats); diff != "" || err != nil {
		t.Errorf("stats: %s%v", diff, err)
	}
	mustPut(t, c, "old", "3")
	if v, found := mustGet(t, c, "old"); !found || v != "3" {
		t.Errorf("an entry stored anew = %q, %v", v, found)
	}
}

// The file stays within its bound, and the oldest entries go first.
func TestCacheSize(t *testing.T) {
	const bound = 1 << 20
	path := filepath.Join(t.TempDir(), "cache.db")
	c := openCache(t, path, store.CacheOptions{MaxBytes: bound})
	value := strings.Repeat("x", 10_000)
	const n = 400
	for i := range n {
		mustPut(t, c, fmt.Sprint(i), value)
	}
	stats, err := c.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if limit := int64(bound + bound/32 + 16<<10); stats.Bytes > limit || stats.Bytes < bound/2 {
		t.Errorf("%d bytes are used, want at most %d and not much less", stats.Bytes, limit)
	}
	if _, found := mustGet(t, c, fmt.Sprint(n-1)); !found {
		t.Error("the latest entry is gone")
	}
	if _, found := mustGet(t, c, "0"); found {
		t.Error("the first entry is still there")
	}
	if err := c.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stats, err := c.Stats(t.Context()); err != nil || stats.Entries != 0 || stats.Bytes > 64<<10 {
		t.Errorf("after Clear: %+v, %v", stats, err)
	}
}

func TestCacheFiles(t *testing.T) {
	ctx := t.Context()
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("my notes\n"), 100), 0o666); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(folder, "run.db")
	j, err := store.Create(ctx, journal)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, journal} {
		c, err := store.OpenCache(ctx, path, store.CacheOptions{})
		if !errors.Is(err, store.ErrNotCache) || !strings.Contains(err.Error(), path) {
			t.Errorf("OpenCache(%s) = %v, want ErrNotCache that names the file", path, err)
		}
		if err == nil {
			_ = c.Close()
		}
		if err := store.RemoveCache(path); !errors.Is(err, store.ErrNotCache) {
			t.Errorf("RemoveCache(%s) = %v, want ErrNotCache", path, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s was touched: %v", path, err)
		}
	}
	if err := store.RemoveCache(filepath.Join(folder, "none.db")); err != nil {
		t.Errorf("removing a cache that is missing: %v", err)
	}
	if _, err := store.OpenCache(ctx, filepath.Join(text, "cache.db"), store.CacheOptions{}); err == nil {
		t.Error("a cache was made below a file")
	}
}

// Damage is named, with the way out of it, and the way works.
func TestCacheDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	c, err := store.OpenCache(t.Context(), path, store.CacheOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		mustPut(t, c, fmt.Sprint(i), strings.Repeat(fmt.Sprint(i, " "), 2000))
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8192; i < len(raw); i += 97 {
		raw[i] ^= 0x55
	}
	if err := os.WriteFile(path, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	c, err = store.OpenCache(t.Context(), path, store.CacheOptions{})
	if err == nil {
		_, _, err = c.Get(t.Context(), cacheKey("7"))
		_ = c.Close()
	}
	if !errors.Is(err, store.ErrCacheCorrupt) || !strings.Contains(err.Error(), "gepa cache clear") || !strings.Contains(err.Error(), path) {
		t.Fatalf("reading a damaged cache: %v", err)
	}
	if err := store.RemoveCache(path); err != nil {
		t.Fatal(err)
	}
	c = openCache(t, path, store.CacheOptions{})
	if _, found := mustGet(t, c, "7"); found {
		t.Error("the new cache is not empty")
	}
}

func TestCacheContext(t *testing.T) {
	c := openCache(t, filepath.Join(t.TempDir(), "cache.db"), store.CacheOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Put(ctx, cacheKey("a"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v", err)
	}
	if _, _, err := c.Get(ctx, cacheKey("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("Get = %v", err)
	}
}

func BenchmarkCachePut(b *testing.B) {
	c, err := store.OpenCache(b.Context(), filepath.Join(b.TempDir(), "cache.db"), store.CacheOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	value := bytes.Repeat([]byte("x"), 1000)
	var mu sync.Mutex
	var n int
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			key := cacheKey(fmt.Sprint(n))
			mu.Unlock()
			if _, _, err := c.Get(b.Context(), key); err != nil {
				b.Error(err)
			}
			if err := c.Put(b.Context(), key, value); err != nil {
				b.Error(err)
			}
		}
	})
}
