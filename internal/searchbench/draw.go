package searchbench

import "github.com/gepa-go/gepa/internal/draw"

// purpose keeps draws of different kinds apart.
type purpose uint64

const (
	drawLandscape purpose = iota + 1
	drawExample
	drawNoise
	drawStable
	drawFeedback
	drawReflection
	drawBlind
	drawTaskTime
	drawReflectionTime
)

// name returns the key of a draw.
func name(seed uint64, p purpose, parts ...uint64) draw.Key {
	return draw.Named(seed, uint64(p), parts...)
}

// text returns a number for a string (FNV-1a), to be a part of a name.
func text(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
