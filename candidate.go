package gepa

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// A Component is one text of a system that can be optimized, usually the
// instruction of one predictor.
type Component struct {
	// Name identifies the component within its system, for instance
	// "reason.predict". It is never empty and never repeated.
	Name string `json:"name"`
	// Text is the component's starting text.
	Text string `json:"text"`
}

// A Candidate holds one text for every component of a system, by component
// name. Candidates are values: code that wants a changed one calls
// [Candidate.With] and leaves the original alone. A Candidate that nobody
// writes to is safe for concurrent use.
type Candidate map[string]string

// Seed returns the candidate made of the components' starting texts.
func Seed(components []Component) Candidate {
	c := make(Candidate, len(components))
	for _, comp := range components {
		c[comp.Name] = comp.Text
	}
	return c
}

// With returns a copy of c in which the named components have new texts.
func (c Candidate) With(texts map[string]string) Candidate {
	out := make(Candidate, len(c)+len(texts))
	maps.Copy(out, c)
	maps.Copy(out, texts)
	return out
}

// Equal reports whether both candidates have the same components with the
// same texts.
func (c Candidate) Equal(other Candidate) bool { return maps.Equal(c, other) }

// Names returns the component names in ascending order. The order in which a
// system lists its components is kept by [System.Components].
func (c Candidate) Names() []string { return slices.Sorted(maps.Keys(c)) }

// Hash returns the candidate's identity: 64 hexadecimal digits of SHA-256 over
// its texts sorted by component name. Candidates with equal texts have equal
// hashes in every process and version.
func (c Candidate) Hash() string {
	// encoding/json writes map keys in sorted order, and strings cannot fail.
	b, err := json.Marshal(map[string]string(c))
	if err != nil {
		panic("gepa: encode candidate: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
