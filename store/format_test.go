package store_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/store"
)

// Files of every format that was ever released can be read and continued.
func TestReadsReleasedFormats(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 60_000_000, time.UTC)
	long := `{"score":0.5,"text":"` + strings.Repeat("said é again, ", 100) + `"}` // packed
	for name, rollout := range map[string]string{"format1.db": `{"score":0.5}`, "format2.db": long, "format3.db": long} {
		t.Run(name, func(t *testing.T) {
			want := []gepa.Record{
				{Kind: "plan", Data: json.RawMessage(`{"number": 1}`), At: at},
				{Kind: "rollout", Key: `{"example":"é"}`, Data: json.RawMessage(rollout), At: at.Add(time.Nanosecond)},
				{Kind: "stop", Data: json.RawMessage(`"done"`)},
			}
			file, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), name)
			write(t, path, string(file))
			j, err := store.Open(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, j)
			if diff := cmp.Diff(want, records(t, j)); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			meta, err := j.Meta(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"created": "2026-01-02T03:04:05Z", "run_id": "brave-otter"}, meta); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
			repeated, fresh := want[1], record("gate", "", `"`+strings.Repeat("of any length ", 100)+`"`)
			if err := j.Append(context.Background(), repeated, fresh); err != nil {
				t.Fatal(err)
			}
			if got := records(t, j); len(got) != 4 || got[3].Kind != "gate" || string(got[3].Data) != string(fresh.Data) {
				t.Errorf("after going on the journal holds %v", got)
			}
		})
	}
}
