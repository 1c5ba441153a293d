package gepa_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
)

// stagedRun is a run of a landscape with or without staged validation.
func stagedRun(t *testing.T, staged gepa.Staged, j gepa.Journal) *gepa.Result {
	t.Helper()
	return optimize(t, newLandscape(), gepa.Options{
		Seed: 4, Minibatch: 3, InFlight: 2, MaxMerges: -1, Staged: staged, Acceptance: gepa.AcceptEqual, Journal: j, Budget: gepa.Budget{Proposals: 60},
	})
}

func TestStagedValidation(t *testing.T) {
	j := gepa.NewMemoryJournal()
	whole := stagedRun(t, gepa.Staged{}, nil)
	staged := stagedRun(t, gepa.Staged{First: 3, Z: 0.5}, j)
	each := func(r *gepa.Result) float64 { return float64(r.Rollouts) / float64(len(r.Pool)) }
	if each(staged) >= each(whole) {
		t.Errorf("staged validation used %.1f rollouts a candidate, full validation %.1f: it saved nothing", each(staged), each(whole))
	}
	partial := 0
	for _, m := range staged.Pool {
		ran := 0
		for _, score := range m.Scores {
			if !math.IsNaN(score) {
				ran++
			}
		}
		if ran != m.Validated || m.Full != (ran == 15) {
			t.Errorf("candidate %d has %d scores, validated %d, full %v", m.ID, ran, m.Validated, m.Full)
		}
		if m.Full {
			continue
		}
		partial++
		p := staged.History[m.Proposal-1]
		if p.Joined.Validated != ran || !strings.Contains(p.Joined.Reason, "given up after") {
			t.Errorf("candidate %d ran on %d examples; its commit: %+v", m.ID, ran, p.Joined)
		}
	}
	if partial == 0 || !staged.Best.Full {
		t.Errorf("%d candidates were validated in part, the best in full: %v", partial, staged.Best.Full)
	}
	if len(whole.Pool) < 3 {
		t.Error("the run without stages accepted too little to compare")
	}

	// A session that ended right after such a commit goes on as if it had not.
	cuts := 0
	records := recordsOf(t, j)
	for k, rec := range records {
		if rec.Kind != gepa.KindCommit || !strings.Contains(string(rec.Data), `"validated"`) || cuts >= 5 {
			continue
		}
		cuts++
		resumed := journalOf(t, records[:k+1])
		stagedRun(t, gepa.Staged{First: 3, Z: 0.5}, resumed)
		assertEqualRuns(t, j, resumed)
	}
	if cuts == 0 {
		t.Error("no commit in part: the test tests nothing")
	}
}

func recordsOf(t *testing.T, j gepa.Journal) (out []gepa.Record) {
	t.Helper()
	for rec, err := range j.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rec)
	}
	return out
}

func journalOf(t *testing.T, records []gepa.Record) gepa.Journal {
	t.Helper()
	j := gepa.NewMemoryJournal()
	if err := j.Append(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	return j
}
