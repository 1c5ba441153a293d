package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/stats"
)

func scored(id string, score float64) ScoredExample {
	return ScoredExample{id, "hash of " + id, gepa.Rollout{Score: score, Objectives: map[string]float64{"em": score}}}
}

// Examples are paired by content, whatever their order, and those that only
// one side has are counted and left out.
func TestPair(t *testing.T) {
	t.Parallel()
	base := []ScoredExample{scored("a", 0), scored("b", 1), scored("c", 0.5), scored("d", 0), scored("only base", 1)}
	other := []ScoredExample{scored("d", 1), scored("c", 0.5), scored("only other", 0), scored("b", 0), scored("a", 0.4)}
	p, err := Pair(base, other, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.N != 4 || p.Unpaired != 2 {
		t.Errorf("n %d, unpaired %d", p.N, p.Unpaired)
	}
	if diff := cmp.Diff([]PairedScore{{"d", 0, 1}, {"a", 0, 0.4}}, p.Won); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]PairedScore{{"b", 1, 0}}, p.Lost); diff != "" {
		t.Error(diff)
	}
	if got := []string{p.Measures[0].Name, p.Measures[1].Name}; !cmp.Equal(got, []string{"em", "score"}) {
		t.Error(got)
	}
	want, err := stats.Compare([]float64{0, 1, 0.5, 0}, []float64{0.4, 0, 0.5, 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, p.Score().Comparison); diff != "" {
		t.Error(diff)
	}
	if p.counts() != "won 2, lost 1, equal 1" {
		t.Error(p.counts())
	}
}

func TestPairWithNothingInCommon(t *testing.T) {
	t.Parallel()
	p, err := Pair([]ScoredExample{scored("a", 0)}, []ScoredExample{scored("b", 0)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.N != 0 || p.Unpaired != 2 || p.Sentence("x", true) != "There is no example on which both ran: nothing can be said." {
		t.Errorf("%+v: %s", p, p.Sentence("x", true))
	}
}
