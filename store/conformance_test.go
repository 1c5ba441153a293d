package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
	"github.com/gepa-go/gepa/store/storetest"
)

// journal opens the journal in dir and closes it with the test.
func journal(tb testing.TB, dir string) *store.Journal {
	tb.Helper()
	j, err := store.OpenOrCreate(context.Background(), filepath.Join(dir, "run.db"))
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() { _ = j.Close() }) // a test that cares closes it itself
	return j
}

func TestMemoryConforms(t *testing.T) {
	storetest.Exercise(t, func(testing.TB) gepa.Journal { return gepa.NewMemoryJournal() })
}

func TestSQLiteConforms(t *testing.T) {
	storetest.Exercise(t, func(tb testing.TB) gepa.Journal { return journal(tb, tb.TempDir()) })
	storetest.ExerciseDurable(t, func(tb testing.TB, dir string) interface {
		gepa.Journal
		io.Closer
	} {
		return journal(tb, dir)
	})
	goleak.VerifyNone(t)
}

// Whatever is appended, and however often the file is closed and opened in
// between, the journal on disk holds what the one in memory holds.
func TestDiskEqualsMemory(t *testing.T) {
	record := rapid.Custom(func(t *rapid.T) gepa.Record {
		data, err := json.Marshal(rapid.OneOf(rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Float64().AsAny()).Draw(t, "data"))
		if err != nil {
			t.Fatal(err)
		}
		return gepa.Record{
			Kind: rapid.SampledFrom([]string{"plan", "rollout", "", "n\x00l"}).Draw(t, "kind"),
			Key:  rapid.OneOf(rapid.SampledFrom([]string{"", "a", "b"}), rapid.String()).Draw(t, "key"),
			Data: data,
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		disk, memory := journal(t, dir), gepa.NewMemoryJournal()
		for i := range rapid.IntRange(1, 6).Draw(rt, "calls") {
			if rapid.Bool().Draw(rt, fmt.Sprint("reopen", i)) {
				if err := disk.Close(); err != nil {
					rt.Fatal(err)
				}
				disk = journal(t, dir)
			}
			batch := rapid.SliceOfN(record, 0, 4).Draw(rt, "batch")
			onDisk, inMemory := disk.Append(context.Background(), batch...), memory.Append(context.Background(), batch...)
			if (onDisk == nil) != (inMemory == nil) {
				rt.Fatalf("append: disk says %v, memory says %v", onDisk, inMemory)
			}
		}
		if diff := cmp.Diff(records(rt, memory), records(rt, disk)); diff != "" {
			rt.Fatalf("memory (-) and disk (+) differ:\n%s", diff)
		}
		if err := disk.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

// records returns everything in a journal.
func records(tb interface{ Fatalf(string, ...any) }, j gepa.Journal) []gepa.Record {
	var all []gepa.Record
	for r, err := range j.Records(context.Background()) {
		if err != nil {
			tb.Fatalf("records: %v", err)
		}
		all = append(all, r)
	}
	return all
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64} {
		for _, size := range []int{200, 20_000} {
			b.Run(fmt.Sprintf("writers=%d/bytes=%d", writers, size), func(b *testing.B) { benchmarkAppend(b, writers, size) })
		}
	}
}

func benchmarkAppend(b *testing.B, writers, size int) {
	j := journal(b, b.TempDir())
	data := payload(size)
	next := make(chan int)
	done := make(chan error)
	b.ReportAllocs()
	b.ResetTimer()
	for range writers {
		go func() {
			var failed error
			for i := range next {
				failed = j.Append(context.Background(), gepa.Record{Kind: "rollout", Key: key(i), Data: data})
			}
			done <- failed
		}()
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	for range writers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}

func BenchmarkRecords(b *testing.B) {
	for _, size := range []int{200, 20_000} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			const n = 2000
			j := journal(b, b.TempDir())
			batch := make([]gepa.Record, n)
			for i := range batch {
				batch[i] = gepa.Record{Kind: "rollout", Key: key(i), Data: payload(size)}
			}
			if err := j.Append(context.Background(), batch...); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if got := len(records(b, j)); got != n {
					b.Fatalf("%d records", got)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
		})
	}
}

// key is as long as a rollout's key is.
func key(i int) string {
	return gepa.RolloutKey{
		Candidate: fmt.Sprintf("%064x", i*7919), Example: fmt.Sprintf("%064x", i*104729), Repeat: i,
	}.String()
}

// payload is text that repeats itself as a rollout does: the same paragraphs in
// inputs and messages, four times over.
func payload(size int) json.RawMessage {
	r := rand.New(rand.NewPCG(1, uint64(size)))
	quarter := make([]byte, 0, size/4+16)
	for len(quarter) < size/4 {
		for range 3 + r.IntN(8) {
			quarter = append(quarter, 'a'+byte(min(r.IntN(26), r.IntN(26))))
		}
		quarter = append(quarter, ' ')
	}
	b := bytes.Repeat(quarter, 5)[:size]
	b[0], b[size-1] = '"', '"'
	return b
}
