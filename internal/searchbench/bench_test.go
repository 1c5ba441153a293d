package searchbench

import (
	"bytes"
	"os"
	"testing"

	"github.com/gepa-go/gepa/stats"
)

// The bench's short form: what the options are recommended for shows on a few
// seeds already. Everything here is deterministic. A change of the search that
// makes this fail has made the search worse, or calls for `make search-bench`
// and new recommendations. The limits leave room for the few seeds; those that
// hold over fifty are in docs/search.md.
func TestRecommendations(t *testing.T) {
	if raceEnabled {
		t.Skip("SKIPPED under the race detector, where it takes a minute: each run keeps to one goroutine, and other tests make runs side by side")
	}
	b := &Bench{Seeds: 4, Clock: BarClock()}
	for _, c := range []struct {
		name        string
		setting     Setting
		rollouts    int
		wall, reach float64 // at most, in parts of paper mode's
	}{
		{"the same rollouts in less time", Fast(), 1000, 0.45, 2},
		{"the same rollouts in much less time", Fast(), 3000, 0.28, 2},
		{"the same score with fewer rollouts", Frugal(), 3000, 4, 0.6},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := b.Compare(of(true), Paper(), c.setting, c.rollouts)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("score %s, wall %s, rollouts to paper mode's score %s, slots in use %s", points(d.Score), percent(d.Wall), reached(d), percent(d.InUse))
			if d.Score.Difference <= 0 {
				t.Errorf("the final score changes by %.3f, want a gain", d.Score.Difference)
			}
			if d.Wall > c.wall {
				t.Errorf("the wall-clock is %.2f of paper mode's, want at most %.2f", d.Wall, c.wall)
			}
			if d.Reach > c.reach {
				t.Errorf("paper mode's score takes %.2f of its rollouts, want at most %.2f", d.Reach, c.reach)
			}
			if d.Rollouts > float64(c.rollouts) {
				t.Errorf("%.1f rollouts on average exceed the budget of %d", d.Rollouts, c.rollouts)
			}
		})
	}
}

func TestRunsAreRemembered(t *testing.T) {
	b := &Bench{Seeds: 1, Clock: BarClock()}
	f := Families()[0]
	first, err := b.Runs(f, Paper(), 400)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Runs(f, Paper(), 400)
	if err != nil || &first[0] != &again[0] {
		t.Errorf("the same runs were made twice (%v)", err)
	}
	other, err := b.Runs(f, Fast(), 400)
	if err != nil || &first[0] == &other[0] {
		t.Errorf("another setting got the first one's runs (%v)", err)
	}
}

func TestReach(t *testing.T) {
	at := func(steps ...float64) []Outcome {
		var out []Outcome
		for _, s := range steps { // jumps from 0.2 to 0.8 after s steps
			out = append(out, Outcome{Seed: 0.2, Final: 0.8, Curve: []Point{{0, 0.2}, {int(s * curveStep), 0.8}}})
		}
		return out
	}
	for _, c := range []struct {
		name          string
		before, after []Outcome
		want          float64
	}{
		{"half as long", at(20, 20), at(10, 10), 0.5},
		{"as long", at(20, 20), at(20, 20), 1},
		{"the mean curve counts, not the mean of crossings", at(20, 20), at(4, 12), 12.0 / 20},
		{"never", at(20, 20), []Outcome{{Seed: 0.2}, {Seed: 0.2}}, 1.5 * 40 / 20},
	} {
		got, iv := reach([]curves{newCurves(c.before, c.after, 40*curveStep)}, 2)
		if got != c.want || !iv.Contains(got) {
			t.Errorf("%s: %v in %v, want %v", c.name, got, iv, c.want)
		}
	}
}

func TestReplace(t *testing.T) {
	doc := []byte("a\n<!-- table: x -->\nold\n<!-- end -->\nb\n")
	got, err := Replace(doc, "x", []byte("new\n"))
	if want := "a\n<!-- table: x -->\nnew\n<!-- end -->\nb\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"", "<!-- table: x -->\nold\n"} {
		if _, err := Replace([]byte(bad), "x", nil); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

// The document has a place for each table, and each place has a table in it.
func TestDocumentHasEveryTable(t *testing.T) {
	doc, err := os.ReadFile("../../docs/search.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range Tables() {
		emptied, err := Replace(doc, table.Name, nil)
		if err != nil {
			t.Error(err)
		}
		if bytes.Equal(emptied, doc) {
			t.Errorf("table %q is empty: run make search-bench", table.Name)
		}
	}
}

func TestTablesAreWritten(t *testing.T) {
	b := &Bench{Seeds: 2, Clock: BarClock()}
	var out bytes.Buffer
	if err := families(&out, b, Fast(), 400); err != nil {
		t.Fatal(err)
	}
	if err := compared(Paper(), func(s Setting) []Setting { return fromPaper(s)[:1] }, 400)(&out, b, b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| interference II (held out) |", "| **all** |", "| paper mode | +0.0 [+0.0, +0.0] | 100 % [100, 100] | 100 % |", "| 8 in flight |"} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	if points(stats.Comparison{Difference: 0.0123, Interval: stats.Interval{Low: -0.01, High: 0.03}}) != "+1.2 [-1.0, +3.0]" {
		t.Error("points are written otherwise")
	}
}
