package gepa_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

var update = flag.Bool("update", false, "write the golden journal of the current format anew")

// The golden journals, one for each event format there was. That of an earlier
// format was written by that version's own code and is never written again.
const (
	goldenV1 = "testdata/journal-v1.jsonl"
	goldenV2 = "testdata/journal-v2.jsonl"
)

func readGolden(t *testing.T, name string) []gepa.Record {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []gepa.Record
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var rec gepa.Record
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			t.Fatal(err)
		}
		out = append(out, rec)
	}
	return out
}

// goldenData and goldenOptions are those of both golden runs, but for the
// options that format 1 did not have.
func goldenData() gepa.Data {
	return gepa.Data{Feedback: needs("f", 12), Validation: needs("v", 8), Test: needs("t", 3)}
}

func goldenOptions(j gepa.Journal) gepa.Options {
	return gepa.Options{
		Seed: 2, Minibatch: 3, InFlight: 3, PerMember: 2, Children: 2, Memory: 2,
		Acceptance: gepa.AcceptPaired, Sampling: gepa.SampleFailures, Staged: gepa.Staged{First: 3, Z: 0.5},
		Journal: j, Concurrency: 1, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 16},
	}
}

// TestFormat1: a journal of format 1 amounts to what it did to the version that
// wrote it, and is not continued.
func TestFormat1(t *testing.T) {
	j := journalOf(t, readGolden(t, goldenV1))
	s := stateOf(t, j)
	best, ok := s.Best()
	if !ok || best.ID != 4 || best.Texts["a"] != "start w5" || best.Texts["b"] != "w5 w1" || !best.Full {
		t.Errorf("best %+v, want candidate 4", best)
	}
	var parents [][]int
	for _, m := range s.Pool() {
		parents = append(parents, m.Parents)
		if len(m.Scores) != 8 || !m.Full || m.Validated != 8 {
			t.Errorf("candidate %d: %+v, want it validated in full", m.ID, m)
		}
	}
	if diff := cmp.Diff([][]int{nil, {0}, {0}, {2}, {3}, {4}, {4}, {5, 6}}, parents); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 5, 6, 7}, s.Frontier()); diff != "" {
		t.Errorf("frontier (-want +got):\n%s", diff)
	}
	if s.Rollouts() != 106 || s.Committed() != 10 || len(s.Proposals()) != 10 || s.TestReadings() != 1 || s.Spend().Total().Calls != 119 {
		t.Errorf("%d rollouts, %d of %d proposals, %d readings, %d calls; want 106, 10 of 10, 1, 119",
			s.Rollouts(), s.Committed(), len(s.Proposals()), s.TestReadings(), s.Spend().Total().Calls)
	}
	if stop := s.Stop(); stop == nil || stop.Reason != gepa.StopProposals {
		t.Errorf("stopped for %v", stop)
	}

	before := len(recordsOf(t, j))
	sys := newLandscape()
	opts := gepa.Options{Seed: 3, Minibatch: 3, Journal: j, Proposer: &wordProposer{}, Budget: gepa.Budget{Proposals: 20}}
	res, err := gepa.Optimize(t.Context(), sys, goldenData(), opts)
	var resume *gepa.ResumeError
	if res != nil || !errors.As(err, &resume) || resume.Format != 1 || !errors.Is(err, gepa.ErrInvalid) {
		t.Fatalf("resumed: %v, %v; want a ResumeError that names the format", res, err)
	}
	if sys.runs.Load() > 0 || len(recordsOf(t, j)) != before {
		t.Error("the refused session ran or wrote something")
	}
}

// TestFormat2: the journal of this version's format is what the golden run
// writes, and a run that it breaks off anywhere is continued to the same end.
func TestFormat2(t *testing.T) {
	t.Parallel()
	j := gepa.NewMemoryJournal()
	if _, err := gepa.Optimize(t.Context(), newLandscape(), goldenData(), goldenOptions(j)); err != nil {
		t.Fatal(err)
	}
	if *update {
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		for i, rec := range recordsOf(t, j) {
			rec.At = time.Date(2026, 11, 23, 2, 0, i, 0, time.UTC)
			if err := enc.Encode(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(goldenV2, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	records := readGolden(t, goldenV2)
	golden := journalOf(t, records)
	assertEqualRuns(t, golden, j)

	kinds := map[string]int{}
	for k, rec := range records {
		kinds[rec.Kind]++
		if rec.Key != "" && k%30 > 0 {
			continue // after every decision, and after some results
		}
		broken := journalOf(t, records[:k+1])
		if _, err := gepa.Optimize(t.Context(), newLandscape(), goldenData(), goldenOptions(broken)); err != nil {
			t.Fatalf("resumed after record %d (%s): %v", k+1, rec.Kind, err)
		}
		assertEqualRuns(t, golden, broken)
	}
	for _, kind := range []string{
		gepa.KindRun, gepa.KindSession, gepa.KindPlan, gepa.KindReflect, gepa.KindGate, gepa.KindCommit,
		gepa.KindStop, gepa.KindTest, gepa.KindRollout, gepa.KindCall,
	} {
		if kinds[kind] == 0 {
			t.Errorf("the golden journal has no record of kind %q", kind)
		}
	}
	more, partial, dropped := false, false, false
	for e := range eventsOf(t, golden) {
		switch e := e.(type) {
		case gepa.GateDecided:
			more = more || e.More > 0
		case gepa.ProposalCommitted:
			partial = partial || e.Validated > 0
			dropped = dropped || e.Reason != ""
		}
	}
	if !more || !partial || !dropped {
		t.Errorf("in the golden run a gate drew more: %v, a validation ended early: %v, with a reason: %v", more, partial, dropped)
	}
	if s := stateOf(t, golden); !slices.ContainsFunc(s.Pool(), func(m gepa.Member) bool { return !m.Full }) {
		t.Error("no candidate of the golden run was validated in part")
	}
}
