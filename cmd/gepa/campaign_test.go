package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/store"
)

// A campaign kills real processes at random moments, resumes them, and compares
// what comes out with the run that nobody killed.
type campaign struct {
	// kills is how many there are to be.
	kills int
	// concurrency and options are what runs are begun and resumed with, in
	// turn. They must not change a run's meaning.
	concurrency []int
	// options are further flags of "gepa optimize", for all runs; with them
	// that many proposals are in flight.
	options  []string
	inFlight int
	seed     uint64
}

// TestCampaign is a short campaign, or one of KILLS kills (make campaign).
func TestCampaign(t *testing.T) {
	long(t)
	if raceEnabled && os.Getenv("KILLS") == "" {
		t.Skip("SKIPPED, NOT TESTED: the command is the same without the race detector, and ten times as fast")
	}
	c := campaign{kills: 6, concurrency: []int{1, 16, 4}, inFlight: 1, seed: 1}
	if text := os.Getenv("KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("KILLS=%s: want a number", text)
		}
		c.kills, c.seed = n, uint64(time.Now().UnixNano())
	}
	if text := os.Getenv("GEPA_CAMPAIGN_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("GEPA_CAMPAIGN_SEED=%s: %v", text, err)
		}
		c.seed = n
	}
	deep := c
	deep.options, deep.inFlight = []string{"--in-flight", "4"}, 4
	c.kills, deep.kills = c.kills-c.kills/2, c.kills/2
	t.Run("one proposal at a time", c.run)
	if deep.kills > 0 {
		t.Run("four in flight", deep.run)
	}
}

// mostLost is the most calls that a kill can cost: in a rollout both modules'
// of the program, and a judge's as many at a time for each proposal.
func (c campaign) mostLost(concurrency int) int { return 2*concurrency + c.inFlight*concurrency }

func (c campaign) run(t *testing.T) {
	t.Logf("%d kills, GEPA_CAMPAIGN_SEED=%d", c.kills, c.seed)
	r := rand.New(rand.NewPCG(c.seed, 0))
	whole := newVictim(t, c.options)
	whole.session(c.concurrency[0], -1, 0)
	want := whole.journal()
	if len(want.calls) < 100 || len(want.decisions) < 10 {
		t.Fatalf("%d calls and %d decisions: the campaign would show nothing", len(want.calls), len(want.decisions))
	}
	total, kills, runs, lost := len(whole.server.Requests()), 0, 0, 0
	for kills < c.kills {
		runs++
		v := newVictim(t, c.options)
		left := min(1+r.IntN(5), c.kills-kills)
		for done := false; !done; {
			kill := -1
			if left > 0 {
				kill = r.IntN(total/2 + 1)
			}
			before := v.journal()
			concurrency := c.concurrency[r.IntN(len(c.concurrency))]
			killed := v.session(concurrency, kill, time.Duration(r.IntN(4000))*time.Microsecond)
			after := v.journal()
			again := v.unpaid(before, after)
			if most := c.mostLost(concurrency); killed && again > most {
				t.Errorf("run %d: %d calls were lost by a kill, with %d rollouts in flight", runs, again, concurrency)
			}
			if !killed && again > 0 {
				t.Errorf("run %d: %d calls of an undisturbed session are not in the journal", runs, again)
			}
			lost += again
			if killed {
				kills, left = kills+1, left-1
			}
			done = !killed
		}
		got := v.journal()
		if diff := cmp.Diff(want.decisions, got.decisions); diff != "" {
			t.Fatalf("run %d: decisions differ (-uninterrupted +killed):\n%s", runs, diff)
		}
		if diff := cmp.Diff(want.results, got.results); diff != "" {
			t.Fatalf("run %d: results differ (-uninterrupted +killed):\n%.2000s", runs, diff)
		}
		if n, most := len(v.server.Requests()), total; n < most {
			t.Errorf("run %d: %d calls, the uninterrupted one made %d", runs, n, most)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d runs of %d calls with %d kills, which lost %.1f calls each", runs, total, kills, float64(lost)/float64(kills))
}

// A victim is a run, the server that it asks and the folder that keeps it.
type victim struct {
	t       *testing.T
	dir     string
	server  *lmtest.Server
	options []string

	mu       sync.Mutex
	sessions int
	left     int           // calls until the present session is to be killed
	reached  chan struct{} // closed when there are none
}

func newVictim(t *testing.T, options []string) *victim {
	t.Helper()
	v := &victim{t: t, dir: t.TempDir(), options: options, left: -1}
	if err := writeData(v.dir); err != nil {
		t.Fatal(err)
	}
	answer := lmtest.FromModel(sim.New(sim.Options{}))
	v.server = lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		v.mu.Lock()
		if v.left == 0 {
			close(v.reached)
		}
		v.left--
		v.mu.Unlock()
		return answer(ctx, r)
	})
	return v
}

func (v *victim) out() string { return filepath.Join(v.dir, "run") }

// key is the key that a session sends, by which the server tells sessions
// apart, however late the calls of a killed one arrive.
func key(session int) string { return fmt.Sprintf("not-a-real-key-%d", session) }

// session starts or resumes the run, and kills its process a moment after a
// number of calls, unless that is negative. It reports whether that happened
// before the run was over.
func (v *victim) session(concurrency, kill int, after time.Duration) (killed bool) {
	v.t.Helper()
	v.mu.Lock()
	v.sessions++
	v.left, v.reached = kill, make(chan struct{})
	v.mu.Unlock()
	args := []string{"resume", "run", "--concurrency", strconv.Itoa(concurrency)}
	if !v.began() {
		args = append([]string{
			"optimize", "--program", "hotpotqa", "--train", "train.jsonl", "--dev", "dev.jsonl", "--model", "openai/m",
			"--base-url", v.server.URL(), "--iterations", "6", "--minibatch", "3", "--val", "6", "--limit-dev", "6", "--no-cache",
			"--concurrency", strconv.Itoa(concurrency), "--out", "run",
		}, v.options...)
	}
	cmd := gepaCommand(v.t, v.dir, args...)
	cmd.Env = append(cmd.Env, "OPENAI_API_KEY="+key(v.sessions))
	var told bytes.Buffer
	cmd.Stderr = &told
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		v.clean(err, &told)
		return false
	case <-v.reached:
	}
	select { // that is no waiting for something to happen, but the moment's randomness
	case err := <-ended:
		v.clean(err, &told)
		return false
	case <-time.After(after):
	}
	_ = cmd.Process.Kill() // it may have ended
	err := <-ended
	if exit, ok := err.(*exec.ExitError); ok && !exit.Exited() { //nolint:errorlint // as Wait returns it
		return true
	}
	v.clean(err, &told)
	return false
}

func (v *victim) clean(err error, told *bytes.Buffer) {
	v.t.Helper()
	if err != nil {
		v.t.Fatalf("session %d: %v:\n%s", v.sessions, err, told)
	}
}

// began reports whether there is a run to resume: one that was killed before it
// wrote anything down has to be started again.
func (v *victim) began() bool {
	_, err := config.Stored(v.t.Context(), v.out())
	return err == nil
}

// content is what a call says, as a key of maps.
type content string

func contentOf(t *testing.T, messages []gepa.Message) content {
	t.Helper()
	raw, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	return content(raw)
}

// unpaid checks that what the journal gained in the last session was paid by
// it, and returns how many calls were paid and are not in the journal.
func (v *victim) unpaid(before, after transcript) int {
	v.t.Helper()
	paid := map[content]int{}
	for _, r := range v.server.Requests() {
		if r.Key == key(v.sessions) {
			paid[contentOf(v.t, r.Messages)]++
		}
	}
	n := 0
	for _, what := range slices.Sorted(maps.Keys(after.calls)) {
		gained := after.calls[what] - before.calls[what]
		if gained > paid[what] {
			v.t.Errorf("session %d journaled %d calls of a kind of which it made %d:\n%.300s", v.sessions, gained, paid[what], what)
		}
		paid[what] -= gained
	}
	for _, left := range paid {
		n += max(left, 0)
	}
	return n
}

// transcript is what a journal says, apart from times and sessions.
type transcript struct {
	decisions []string // in order
	results   []string // a set
	calls     map[content]int
}

func (v *victim) journal() transcript {
	v.t.Helper()
	tr := transcript{calls: map[content]int{}}
	if _, err := os.Stat(filepath.Join(v.out(), config.JournalFile)); err != nil {
		return tr // killed before it made one
	}
	j, err := store.OpenReadOnly(v.t.Context(), filepath.Join(v.out(), config.JournalFile))
	if err != nil {
		if strings.Contains(err.Error(), "its making was perhaps interrupted") {
			return tr
		}
		v.t.Fatal(err)
	}
	defer func() { _ = j.Close() }() // it was only read
	for rec, err := range j.Records(v.t.Context()) {
		if err != nil {
			v.t.Fatal(err)
		}
		switch {
		case rec.Kind == gepa.KindSession || rec.Kind == gepa.KindFailure:
			continue
		case rec.Key == "":
			tr.decisions = append(tr.decisions, rec.Kind+string(rec.Data))
		default:
			tr.results = append(tr.results, rec.Kind+rec.Key+string(rec.Data))
		}
		event, err := gepa.DecodeRecord(rec)
		if err != nil {
			v.t.Fatal(err)
		}
		switch e := event.(type) {
		case gepa.RolloutDone:
			for _, step := range e.Rollout.Trace {
				for _, ex := range step.Exchanges {
					tr.calls[contentOf(v.t, ex.Messages)]++
				}
			}
		case gepa.CallDone:
			tr.calls[contentOf(v.t, e.Result.Exchange.Messages)]++
		}
	}
	slices.Sort(tr.results)
	return tr
}
