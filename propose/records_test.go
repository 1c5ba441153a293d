package propose

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSharesAreFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOf(rapid.IntRange(0, 1000)).Draw(t, "sizes")
		total := rapid.IntRange(0, 5000).Draw(t, "total")
		got := shares(sizes, total)
		sum, need := 0, 0
		for i, g := range got {
			if g < 0 || g > sizes[i] {
				t.Fatalf("part %d of %d gets %d", i, sizes[i], g)
			}
			sum += g
			need += sizes[i]
		}
		if sum > total || (need <= total && sum != need) || (need > total && total-sum >= len(sizes)) {
			t.Fatalf("%d of %d given for %v: %v", sum, total, sizes, got)
		}
		for i := range got {
			for j := range got {
				// Whoever is cut has as much as anybody, but for rounding.
				if got[i] < sizes[i] && got[j] > got[i]+1 {
					t.Fatalf("part %d is cut to %d while %d has %d", i, got[i], j, got[j])
				}
			}
		}
	})
}

func TestMarkerIsAbsent(t *testing.T) {
	first := marker([]string{"data"})
	if first != marker([]string{"data"}) || first == marker([]string{"other"}) {
		t.Error("the marker is not a function of the data")
	}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOf(rapid.String()).Draw(t, "texts")
		if m := marker(texts); m == "" || strings.Contains(strings.Join(texts, ""), m) {
			t.Fatalf("marker %q of %q", m, texts)
		}
	})
}

func TestPythonText(t *testing.T) {
	for raw, want := range map[string]string{
		"": "None", "null": "None", "true": "True", "false": "False", `"a\n"`: "a\n",
		"1": "1", "-0": "0", "123456789012345678901234567890": "123456789012345678901234567890",
		"1.0": "1.0", "1e5": "100000.0", "1e16": "1e+16", "0.0001": "0.0001", "0.00001": "1e-05",
		"-2.50": "-2.5", "-0.0": "-0.0", "1e999": "inf", "-1e999": "-inf", "1e-999": "0.0",
	} {
		if got := pythonText(raw); got != want {
			t.Errorf("pythonText(%s) = %q, want %q", raw, got, want)
		}
	}
}
