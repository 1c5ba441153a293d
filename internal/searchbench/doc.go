// Package searchbench compares search options on simulated tasks, in virtual
// time: hundreds of runs of the real [gepa.Search] take seconds.
//
// A [Landscape] is a system with a known structure: its examples need rules
// that a text has or has not, rules hurt examples they were not meant for, and
// scores are noisy. A [Reflector] stands for the model that writes new texts;
// it sees what such a model would see, and makes mistakes. A [Clock] gives
// everything a duration, so that wall-clock time at many slots is known without
// waiting for it. A [Bench] makes runs of several settings on the same
// landscapes and compares them, with intervals.
//
// Landscapes are models, and the figures are about them. docs/search.md says
// what they were calibrated by, what they leave out, and what follows.
package searchbench
