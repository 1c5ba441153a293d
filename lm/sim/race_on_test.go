//go:build race

package sim

// raceEnabled says that the race detector is on, under which the tests that
// only count points would take minutes.
const raceEnabled = true
