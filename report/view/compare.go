package view

import (
	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// A Comparison sets two candidates, of one run or of two, beside each other on
// the examples on which both ran.
type Comparison struct {
	Pairing ComparedPairs `json:"pairing"`
	// Conclusion is what the figures support, in a sentence.
	Conclusion string `json:"conclusion"`
}

// ComparedPairs is a [Pairing] with its examples.
type ComparedPairs struct {
	Pairing
	// Won and Lost are the examples on which the other scores higher and
	// lower, the largest difference first.
	Won  []PairedScore `json:"won"`
	Lost []PairedScore `json:"lost"`
}

// A PairedScore is one example in a [Comparison].
type PairedScore struct {
	ID     string `json:"id"`
	Before Number `json:"before"`
	After  Number `json:"after"`
}

// Compare pairs a base with another; see [report.Pair]. The subject names the
// other in the conclusion.
func Compare(base, other []report.ScoredExample, declared []gepa.Objective, subject string, simulated bool) (Comparison, error) {
	pairing, err := report.Pair(base, other, declared)
	if err != nil {
		return Comparison{}, err
	}
	return Comparison{
		Pairing: ComparedPairs{
			Pairing: Pairing{N: pairing.N, Unpaired: pairing.Unpaired, Measures: measures(pairing.Measures)},
			Won:     pairedScores(pairing.Won), Lost: pairedScores(pairing.Lost),
		},
		Conclusion: pairing.Sentence(subject, simulated),
	}, nil
}

func pairedScores(in []report.PairedScore) []PairedScore {
	out := make([]PairedScore, len(in))
	for i, p := range in {
		out[i] = PairedScore{p.ID, Number(p.Before), Number(p.After)}
	}
	return out
}
