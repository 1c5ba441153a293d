package gepa

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// An Example is one item of data.
type Example struct {
	// ID names the example within its data; it never changes.
	ID string `json:"id"`
	// Inputs are what a program may see.
	Inputs Fields `json:"inputs"`
	// Labels are what only metrics may see, and systems that score themselves.
	Labels Fields `json:"labels,omitempty"`
}

// Hash returns the identity of the example's content: 64 hexadecimal digits of
// SHA-256 over its inputs and labels, compact and sorted by name. The ID is no
// part of it, so the same item under two IDs is found.
func (e Example) Hash() string {
	h := sha256.New()
	for _, part := range []Fields{e.Inputs, e.Labels} {
		sorted := slices.Clone(part)
		slices.SortFunc(sorted, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
		for i := range sorted {
			var compact bytes.Buffer
			if json.Compact(&compact, sorted[i].Value) == nil {
				sorted[i].Value = compact.Bytes()
			}
		}
		b, err := sorted.MarshalJSON()
		if err != nil {
			panic("gepa: encode example: " + err.Error())
		}
		h.Write(b)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Data is what a run learns from and is measured on. The sets must not share
// an example, neither by ID nor by content; [Optimize] refuses data that do.
type Data struct {
	// Feedback feeds reflection: minibatches are drawn from it
	// (D_feedback in the paper).
	Feedback []Example
	// Validation scores candidates and makes the frontier (D_pareto).
	Validation []Example
	// Test is sealed: it is read once for the seed and once for the winner,
	// after the search. Leave it empty to skip the final measurement.
	Test []Example
}
