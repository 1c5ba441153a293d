package gepa_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/shared"
)

// TestSelectionConformance holds the cover rule to what gepa's Python
// implementation was seen to do.
func TestSelectionConformance(t *testing.T) {
	var file struct {
		Pareto []struct {
			Scores       [][]float64          `json:"scores"`
			Front        [][2]json.RawMessage `json:"front"`
			Reduced      [][2]json.RawMessage `json:"reduced"`
			SamplingList []int                `json:"sampling_list"`
			Dominators   []int                `json:"dominators"`
			BestFirstMax int                  `json:"best_first_max"`
		} `json:"pareto"`
	}
	readJSON(t, shared.File(t, "conformance/gepa.json"), &file)
	if len(file.Pareto) == 0 {
		t.Fatal("the file has no pareto cases")
	}
	for n, c := range file.Pareto {
		s := gepa.SelectByExample(c.Scores, gepa.DominanceCover)
		if want := sets(t, c.Front); !equalSets(s.Holders, want) {
			t.Errorf("case %d: holders %v, want %v", n, s.Holders, want)
		}
		if want := sets(t, c.Reduced); !equalSets(s.Reduced, want) {
			t.Errorf("case %d: reduced %v, want %v", n, s.Reduced, want)
		}
		var list []int
		for i, id := range s.Survivors {
			for range s.Wins[i] {
				list = append(list, id)
			}
		}
		slices.Sort(c.SamplingList)
		if !slices.Equal(list, c.SamplingList) {
			t.Errorf("case %d: sampling list %v, want %v", n, list, c.SamplingList)
		}
		slices.Sort(c.Dominators)
		if !slices.Equal(s.Survivors, c.Dominators) {
			t.Errorf("case %d: survivors %v, want %v", n, s.Survivors, c.Dominators)
		}
	}
}

func TestAutoRolloutsConformance(t *testing.T) {
	var file struct {
		AutoBudget []struct {
			Auto           gepa.Auto `json:"auto"`
			NumComponents  int       `json:"num_components"`
			Valset         int       `json:"valset"`
			MaxMetricCalls int       `json:"max_metric_calls"`
		} `json:"auto_budget"`
	}
	readJSON(t, shared.File(t, "conformance/dspy.json"), &file)
	if len(file.AutoBudget) == 0 {
		t.Fatal("the file has no auto_budget cases")
	}
	for _, c := range file.AutoBudget {
		got, err := gepa.AutoRollouts(c.Auto, c.NumComponents, c.Valset)
		if err != nil {
			t.Fatal(err)
		}
		if got != c.MaxMetricCalls {
			t.Errorf("%s, %d components, %d examples: %d rollouts, want %d", c.Auto, c.NumComponents, c.Valset, got, c.MaxMetricCalls)
		}
	}
}

// sets decodes [[example, [candidates]], …] into candidates by example.
func sets(t *testing.T, pairs [][2]json.RawMessage) [][]int {
	t.Helper()
	out := make([][]int, len(pairs))
	for _, p := range pairs {
		var at int
		if err := json.Unmarshal(p[0], &at); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(p[1], &out[at]); err != nil {
			t.Fatal(err)
		}
		slices.Sort(out[at])
	}
	return out
}

func equalSets(a, b [][]int) bool {
	return slices.EqualFunc(a, b, slices.Equal)
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
