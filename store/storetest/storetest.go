// Package storetest is the conformance suite for journals. An implementation
// of [gepa.Journal] that passes it can carry a run:
//
//	func TestJournal(t *testing.T) {
//		storetest.Exercise(t, func(tb testing.TB) gepa.Journal { return mine.New() })
//	}
//
// A journal that outlives its process runs [ExerciseDurable] as well.
//
// Besides what the interface says in words, the suite asks that a record
// without a kind, or with data that is not JSON, is refused when it is
// appended and not when it is read, and that neither side keeps the other's
// memory: a caller may change a record's data after Append returned, and after
// it was yielded.
package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gepa-go/gepa"
)

// Exercise runs the suite on journals that open makes. Each call must return
// an empty journal that nobody else uses; open fails the test if it cannot,
// and releases what the journal holds by [testing.TB.Cleanup].
func Exercise(t *testing.T, open func(tb testing.TB) gepa.Journal) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, j gepa.Journal)
	}{
		{"empty", testEmpty},
		{"round trip", testRoundTrip},
		{"order", testOrder},
		{"results once", testResultsOnce},
		{"decisions always", testDecisionsAlways},
		{"snapshot", testSnapshot},
		{"stop early", testStopEarly},
		{"append while reading", testAppendWhileReading},
		{"own memory", testOwnMemory},
		{"refuses whole call", testRefusesWholeCall},
		{"ended context", testEndedContext},
		{"concurrent appends", testConcurrentAppends},
		{"concurrent results", testConcurrentResults},
		{"large", testLarge},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// ExerciseDurable runs the part of the suite about journals that can be opened
// again. Open returns the journal kept in dir, and makes it if there is none;
// the suite closes it, by its Close method, before it opens dir again.
func ExerciseDurable(t *testing.T, open func(tb testing.TB, dir string) interface {
	gepa.Journal
	io.Closer
},
) {
	t.Helper()
	ctx := context.Background()
	t.Run("reopen", func(t *testing.T) {
		dir := t.TempDir()
		var want []gepa.Record
		for round := range 3 {
			j := open(t, dir)
			same(t, read(t, j), want)
			fresh := []gepa.Record{decision("plan", round), result("rollout", "k", round), result("rollout", fmt.Sprint(round), round)}
			if err := j.Append(ctx, fresh...); err != nil {
				t.Fatalf("append: %v", err)
			}
			if round > 0 {
				fresh = []gepa.Record{fresh[0], fresh[2]} // "k" was there
			}
			want = append(want, fresh...)
			same(t, read(t, j), want)
			if err := j.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}
	})
	t.Run("closed", func(t *testing.T) {
		j := open(t, t.TempDir())
		for range 2 {
			if err := j.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}
		if err := j.Append(ctx, decision("plan", 1)); err == nil {
			t.Error("append to a closed journal succeeded")
		}
		if _, err := collect(ctx, j); err == nil {
			t.Error("reading a closed journal succeeded")
		}
	})
}

func testEmpty(t *testing.T, j gepa.Journal) {
	same(t, read(t, j), nil)
	add(t, j)
	same(t, read(t, j), nil)
}

func testRoundTrip(t *testing.T, j gepa.Journal) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 789012345, time.FixedZone("east", 3*3600))
	want := []gepa.Record{
		{Kind: "plan", Data: json.RawMessage(`{"b":1,"a":[1.50,12345678901234567890,1e400],"s":"é\u0000\ud83d\ude00 <&>"}`), At: at},
		{Kind: "rollout", Key: `{"candidate":"c","example":"e 'quoted' é"}`, Data: json.RawMessage(`null`), At: time.Unix(0, 1)},
		{Kind: "kind with spaces", Data: json.RawMessage(`"text"`)},
	}
	add(t, j, want...)
	same(t, read(t, j), want)
}

func testOrder(t *testing.T, j gepa.Journal) {
	var want []gepa.Record
	for i := range 50 {
		batch := []gepa.Record{decision("plan", i), result("rollout", fmt.Sprint(i), i), decision("gate", i)}[:i%4%3+1]
		add(t, j, batch...)
		want = append(want, batch...)
	}
	same(t, read(t, j), want)
}

func testResultsOnce(t *testing.T, j gepa.Journal) {
	first := result("rollout", "k", 1)
	add(t, j, first)
	add(t, j, result("rollout", "k", 2)) // other data, same identity
	add(t, j, decision("gate", 3), result("rollout", "k", 4), result("call", "k", 5), result("call", "k", 6), decision("gate", 7))
	same(t, read(t, j), []gepa.Record{first, decision("gate", 3), result("call", "k", 5), decision("gate", 7)})
}

func testDecisionsAlways(t *testing.T, j gepa.Journal) {
	d := decision("stop", 1)
	add(t, j, d, d)
	add(t, j, d)
	same(t, read(t, j), []gepa.Record{d, d, d})
}

func testSnapshot(t *testing.T, j gepa.Journal) {
	add(t, j, decision("plan", 1), decision("plan", 2))
	records := j.Records(context.Background())
	add(t, j, decision("plan", 3))
	for range 2 { // an iterator can be used again
		var got []gepa.Record
		for r, err := range records {
			if err != nil {
				t.Fatalf("records: %v", err)
			}
			got = append(got, r)
		}
		same(t, got, []gepa.Record{decision("plan", 1), decision("plan", 2)})
	}
}

func testStopEarly(t *testing.T, j gepa.Journal) {
	add(t, j, decision("plan", 1), decision("plan", 2))
	for r, err := range j.Records(context.Background()) {
		if err != nil || r.Kind != "plan" {
			t.Fatalf("first record: %v, %v", r, err)
		}
		break
	}
	add(t, j, decision("plan", 3))
	if n := len(read(t, j)); n != 3 {
		t.Errorf("%d records after stopping early and appending, want 3", n)
	}
}

func testAppendWhileReading(t *testing.T, j gepa.Journal) {
	add(t, j, decision("plan", 1), decision("plan", 2))
	n := 0
	for _, err := range j.Records(context.Background()) {
		if err != nil {
			t.Fatalf("records: %v", err)
		}
		add(t, j, decision("gate", n))
		n++
	}
	if n != 2 {
		t.Errorf("the loop saw %d records, want the 2 appended before it", n)
	}
	if n := len(read(t, j)); n != 4 {
		t.Errorf("%d records in the end, want 4", n)
	}
}

func testOwnMemory(t *testing.T, j gepa.Journal) {
	r := decision("plan", 1)
	r.Data = bytes.Clone(r.Data)
	add(t, j, r)
	overwrite(r.Data)
	want := []gepa.Record{decision("plan", 1)}
	got := read(t, j)
	same(t, got, want)
	overwrite(got[0].Data)
	same(t, read(t, j), want)
}

func testRefusesWholeCall(t *testing.T, j gepa.Journal) {
	for name, bad := range map[string]gepa.Record{
		"no kind":          {Data: json.RawMessage(`1`)},
		"no data":          {Kind: "plan"},
		"not JSON":         {Kind: "plan", Data: json.RawMessage(`{"a":`)},
		"two values":       {Kind: "plan", Data: json.RawMessage(`1 2`)},
		"text not Unicode": {Kind: "plan", Data: json.RawMessage("\"\xff\"")},
		"key not Unicode":  {Kind: "plan", Key: "\xff", Data: json.RawMessage(`1`)},
	} {
		if err := j.Append(context.Background(), decision("plan", 1), bad, decision("plan", 2)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	same(t, read(t, j), nil)
}

func testEndedContext(t *testing.T, j gepa.Journal) {
	add(t, j, decision("plan", 1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := j.Append(ctx, decision("plan", 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("append with an ended context: %v, want context.Canceled", err)
	}
	if _, err := collect(ctx, j); !errors.Is(err, context.Canceled) {
		t.Errorf("records with an ended context: %v, want context.Canceled", err)
	}
	same(t, read(t, j), []gepa.Record{decision("plan", 1)})
}

// Writers append batches at the same time: each batch must stay together, and
// each writer's batches in the order in which it made them.
func testConcurrentAppends(t *testing.T, j gepa.Journal) {
	const writers, batches, size = 8, 20, 3
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				batch := make([]gepa.Record, size)
				for i := range batch {
					batch[i] = decision(fmt.Sprintf("writer %d", w), b*size+i)
				}
				if err := j.Append(context.Background(), batch...); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	got := read(t, j)
	if len(got) != writers*batches*size {
		t.Fatalf("%d records, want %d", len(got), writers*batches*size)
	}
	next := map[string]int{}
	for i, r := range got {
		if i%size != 0 && r.Kind != got[i-1].Kind {
			t.Fatalf("record %d: a batch of %s was torn apart by %s", i, got[i-1].Kind, r.Kind)
		}
		if want := decision(r.Kind, next[r.Kind]); !bytes.Equal(r.Data, want.Data) {
			t.Fatalf("record %d of %s is %s, want %s", i, r.Kind, r.Data, want.Data)
		}
		next[r.Kind]++
	}
}

// Many offer the same results at the same time: one of each is kept, and the
// decisions offered with them are all kept.
func testConcurrentResults(t *testing.T, j gepa.Journal) {
	const writers, keys = 8, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for k := range keys {
				if err := j.Append(context.Background(), result("rollout", fmt.Sprint(k), w), decision("gate", w)); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	counts := map[string]int{}
	for _, r := range read(t, j) {
		counts[r.Kind+"/"+r.Key]++
	}
	if counts["gate/"] != writers*keys {
		t.Errorf("%d decisions, want %d", counts["gate/"], writers*keys)
	}
	for k := range keys {
		if n := counts[fmt.Sprintf("rollout/%d", k)]; n != 1 {
			t.Errorf("result %d is there %d times, want once", k, n)
		}
	}
}

func testLarge(t *testing.T, j gepa.Journal) {
	want := []gepa.Record{{Kind: "rollout", Key: "big", Data: json.RawMessage(`"` + strings.Repeat("word ", 600_000) + `"`)}}
	for i := range 1500 {
		want = append(want, decision("plan", i))
	}
	want = append(want, gepa.Record{Kind: "rollout", Key: strings.Repeat("key ", 5000), Data: json.RawMessage(`1`)})
	add(t, j, want...)
	same(t, read(t, j), want)
}

func decision(kind string, n int) gepa.Record {
	return gepa.Record{Kind: kind, Data: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)), At: time.Unix(int64(n), 0)}
}

func result(kind, key string, n int) gepa.Record {
	r := decision(kind, n)
	r.Key = key
	return r
}

func overwrite(b []byte) {
	for i := range b {
		b[i] = 'x'
	}
}

func add(t *testing.T, j gepa.Journal, records ...gepa.Record) {
	t.Helper()
	if err := j.Append(context.Background(), records...); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func read(t *testing.T, j gepa.Journal) []gepa.Record {
	t.Helper()
	got, err := collect(context.Background(), j)
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	return got
}

// collect returns all records, or the error that ended them.
func collect(ctx context.Context, j gepa.Journal) ([]gepa.Record, error) {
	var got []gepa.Record
	for r, err := range j.Records(ctx) {
		if err != nil {
			return got, err
		}
		got = append(got, r)
	}
	return got, nil
}

// same compares records; times by instant, data by its bytes.
func same(t *testing.T, got, want []gepa.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Kind != w.Kind || g.Key != w.Key || !bytes.Equal(g.Data, w.Data) || !g.At.Equal(w.At) {
			t.Fatalf("record %d is %s, want %s", i, describe(g), describe(w))
		}
	}
}

func describe(r gepa.Record) string {
	return fmt.Sprintf("{%s %q %.100s %s}", r.Kind, r.Key, r.Data, r.At)
}
