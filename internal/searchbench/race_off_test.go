//go:build !race

package searchbench

// raceEnabled says that the race detector is on, under which the tests that
// only compare scores would take a minute.
const raceEnabled = false
