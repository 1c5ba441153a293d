package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gepa-go/gepa/store"
)

// A reader sees what a writer appended, from where it was.
func TestFollow(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "run.db")
	w, err := store.Create(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	for round, size := range []int{700, 1, 5} { // the first is more than a page
		for i := range size {
			if err := w.Append(ctx, record("plan", "", fmt.Sprint(1000*round+i))); err != nil {
				t.Fatal(err)
			}
		}
		last, err := r.Last(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n := read
		for rec, err := range r.RecordsAfter(ctx, read) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if at, err := r.RecordAt(ctx, n); err != nil || string(at.Data) != string(rec.Data) {
				t.Errorf("record %d is %s and %s, %v", n, rec.Data, at.Data, err)
			}
		}
		if n != last || n != read+int64(size) {
			t.Errorf("round %d: read up to %d of %d", round, n, last)
		}
		read = n
	}
	for _, number := range []int64{0, -1, read + 1} {
		if _, err := r.RecordAt(ctx, number); err == nil {
			t.Errorf("there is a record %d", number)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
