package cassette_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/cassette"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
	"github.com/gepa-go/gepa/propose"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func record(t *testing.T, path string, o cassette.Options) *cassette.Recorder {
	t.Helper()
	r, err := cassette.NewRecorder(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T, path string, o cassette.Options) *cassette.Player {
	t.Helper()
	p, err := cassette.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func closed(t *testing.T, r *cassette.Recorder) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func ask(lines ...string) lm.Request {
	return lm.Request{Messages: []lm.Message{{Role: "system", Content: "You answer."}, {Role: "user", Content: strings.Join(lines, "\n")}}}
}

// outcome is what a call returned, in comparable form.
func outcome(reply lm.Reply, err error) string {
	reply.Latency = 0
	return fmt.Sprintf("%+v %v fatal=%v %+v", reply, err, gepa.IsFatal(err), gepa.UsageOf(err))
}

// Each occurrence of a request is answered as it was, failures included.
func TestReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	temperature := 0.0
	rich := ask("rich <&> \u2028 text")
	rich.Params = lm.Params{Temperature: &temperature, MaxTokens: 5, Stop: []string{"x"}}
	rich.Repeat, rich.Schema = 3, &lm.Schema{Name: "answer", JSON: []byte(`{"type":"object"}`)}
	requests := []lm.Request{ask("a"), ask("b"), ask("a"), rich, ask("a"), ask("c"), ask("b")}
	outcomes := []struct {
		reply lm.Reply
		err   error
	}{
		{reply: lm.Reply{Text: "1", Finish: lm.FinishStop, Usage: lm.Usage{Calls: 2, InputTokens: 3, Cost: gepa.Cost{Nanos: 5, Unknown: 1}}}},
		{err: &lm.Error{Kind: lm.KindOverloaded, Model: "m/1", Status: 503, Words: "busy", Attempts: 6, Usage: lm.Usage{Calls: 6}}},
		{err: &lm.Error{Kind: lm.KindQuota, Model: "m/1", Words: "no credit", Hint: "pay"}},
		{reply: lm.Reply{Text: "cut", Reasoning: "think", Finish: lm.FinishLength, Model: "m-1", Ignored: []string{"seed"}}},
		{reply: lm.Reply{Text: "2", Finish: lm.FinishStop, Usage: lm.Usage{Cached: 1}}},
		{err: errors.New("lost")},
		{reply: lm.Reply{Finish: lm.FinishFiltered}},
	}
	n := 0
	model := lm.Named("m/1", lm.Func(func(context.Context, lm.Request) (lm.Reply, error) {
		n++
		return outcomes[n-1].reply, outcomes[n-1].err
	}))
	recorder := record(t, path, cassette.Options{})
	recording := recorder.Record(model)
	var want []string
	for i, req := range requests {
		want = append(want, outcome(recording.Complete(t.Context(), req)))
		if outcomes[i].err != nil && !strings.Contains(want[i], outcomes[i].err.Error()) {
			t.Fatalf("recording changes an error: %s", want[i])
		}
	}
	want[5] = outcome(lm.Reply{}, &lm.Error{Kind: lm.KindOther, Model: "m/1", Words: "lost"})
	closed(t, recorder)
	player := open(t, path, cassette.Options{})
	replayed := player.Model("m/1")
	var got []string
	for _, req := range requests {
		got = append(got, outcome(replayed.Complete(t.Context(), req)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recorded and replayed: %s", diff)
	}
	if player.Left() != 0 || !slices.Equal(player.Models(), []string{"m/1"}) || replayed.Name() != "m/1" {
		t.Errorf("%d calls left, models %v", player.Left(), player.Models())
	}
	again, err := replayed.Complete(t.Context(), ask("a"))
	if err != nil || again.Text != "2" || again.Usage != (lm.Usage{Cached: 1}) {
		t.Errorf("beyond the recording: %+v, %v", again, err)
	}
	if _, err := replayed.Complete(t.Context(), ask("c")); err == nil || gepa.UsageOf(err) != (lm.Usage{}) {
		t.Errorf("beyond the recording of a failure: %v", err)
	}
}

func TestReplayOfAnUnknownRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	recorder := record(t, path, cassette.Options{})
	m := recorder.Record(lm.Named("m/1", lm.Func(func(context.Context, lm.Request) (lm.Reply, error) { return lm.Reply{Text: "x"}, nil })))
	for _, req := range []lm.Request{ask("What is the capital", "of France?", "Be brief."), ask("Something else")} {
		if _, err := m.Complete(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, recorder)
	player := open(t, path, cassette.Options{})
	_, err := player.Model("m/1").Complete(t.Context(), ask("What is the capital", "of Spain?", "Be brief."))
	var unknown *cassette.UnknownRequestError
	if !errors.As(err, &unknown) || !gepa.IsFatal(err) {
		t.Fatalf("got %v", err)
	}
	for _, words := range []string{path, "-of France?\n", "+of Spain?\n", " Be brief.\n"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("the error does not say %q:\n%v", words, err)
		}
	}
	other := ask("What is the capital", "of France?", "Be brief.")
	other.Repeat = 1
	if _, err := player.Model("m/1").Complete(t.Context(), other); !strings.Contains(fmt.Sprint(err), "+repeat: 1\n") {
		t.Errorf("another repeat: %v", err)
	}
	if _, err := player.Model("m/2").Complete(t.Context(), ask("Something else")); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "only of m/1") {
		t.Errorf("another model: %v", err)
	}
	long := ask(strings.Repeat("line\n", 5000))
	if _, err := player.Model("m/1").Complete(t.Context(), long); err == nil || len(err.Error()) > 6000 || !strings.Contains(err.Error(), "more bytes") {
		t.Errorf("a long difference has %d bytes", len(fmt.Sprint(err)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := player.Model("m/1").Complete(ctx, long); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// No secret reaches the file, wherever it was; and what was asked with it can
// be replayed with it.
func TestCassettesHoldNoSecrets(t *testing.T) {
	secrets := []string{"my-very-own-key-123", "sk-abcdefghijklmnopqrstuvwx", "pa\"ss\\word\n1"}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	options := cassette.Options{Secrets: []string{secrets[0], secrets[2]}}
	recorder := record(t, path, options)
	all := strings.Join(secrets, " and ")
	m := recorder.Record(lm.Named("m", lm.Func(func(_ context.Context, req lm.Request) (lm.Reply, error) {
		if req.Repeat == 1 {
			return lm.Reply{}, &lm.Error{Kind: lm.KindAuth, Hint: all, Err: errors.New("Authorization: Bearer " + all)}
		}
		return lm.Reply{Text: all, Reasoning: all, Model: all}, nil
	})))
	req := ask(all)
	req.Params.Stop = []string{all}
	req.Schema = &lm.Schema{JSON: []byte(`{"description":"` + secrets[0] + `"}`)}
	for req.Repeat = range 2 {
		_, _ = m.Complete(t.Context(), req) // the failure is recorded, too
	}
	closed(t, recorder)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"very-own", "abcdefghijk", `ss\\word`} {
		if bytes.Contains(raw, []byte(s)) {
			t.Errorf("the file holds %q:\n%s", s, raw)
		}
	}
	if n := bytes.Count(raw, []byte("redacted")); n < 10 {
		t.Errorf("only %d places are redacted:\n%s", n, raw)
	}
	req.Repeat = 0
	if reply, err := open(t, path, options).Model("m").Complete(t.Context(), req); err != nil || !strings.Contains(reply.Text, "redacted") {
		t.Errorf("replayed: %+v, %v", reply, err)
	}
}

// Cancelled and capped calls are not the model's doing.
func TestWhatIsNotRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	recorder := record(t, path, cassette.Options{})
	for _, err := range []error{
		&lm.Error{Kind: lm.KindCancelled, Err: context.Canceled},
		&lm.Error{Kind: lm.KindBudget, Err: &lm.BudgetError{Cap: "calls"}},
	} {
		m := recorder.Record(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) { return lm.Reply{}, err }))
		if _, got := m.Complete(t.Context(), ask("q")); !errors.Is(got, err) {
			t.Errorf("got %v", got)
		}
	}
	closed(t, recorder)
	if left := open(t, path, cassette.Options{}).Left(); left != 0 {
		t.Errorf("%d calls were recorded", left)
	}
}

type capable struct{ lm.Model }

func (capable) Supports(f lm.Feature) bool { return f == lm.FeatureSchema || f == lm.FeatureSeed }

func TestReplaySupportsWhatTheModelDid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	recorder := record(t, path, cassette.Options{})
	m := recorder.Record(lm.Retry(capable{lm.Func(nil)}, lm.RetryOptions{}))
	closed(t, recorder)
	replayed := open(t, path, cassette.Options{}).Model(m.Name())
	for _, f := range lm.Features() {
		if lm.Supports(m, f) != lm.Supports(replayed, f) {
			t.Errorf("%s is supported: recording %v, replay %v", f, lm.Supports(m, f), lm.Supports(replayed, f))
		}
	}
}

func TestOpenErrors(t *testing.T) {
	const head = `{"cassette":1,"models":[]}` + "\n"
	const call = `{"model":"m","call":0,"request":{"messages":[]},"reply":{"text":"a"}}` + "\n"
	for text, want := range map[string]string{
		"":                           "is empty",
		"hello\n":                    "line 1: this is no cassette",
		`{"cassette":2,"models":[]}`: "update gepa",
		head + call + `{"model":`:    "line 3",
		head + `{"model":"m","call":0,"request":{},"answer":{}}`:        "answer",
		head + `{"model":"m","call":0,"request":{}}`:                    "either a reply or an error",
		head + `{"model":"m","call":1,"request":{},"reply":{}}`:         "call is 1, want 0",
		head + `{"model":"m","call":0,"request":{},"reply":{"text":5}}`: "reply",
	} {
		path := filepath.Join(t.TempDir(), "run.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := cassette.Open(path, cassette.Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := cassette.Open(filepath.Join(t.TempDir(), "none"), cassette.Options{}); err == nil {
		t.Error("a missing file was opened")
	}
	if _, err := cassette.NewRecorder(filepath.Join(t.TempDir(), "none", "run.jsonl"), cassette.Options{}); err == nil {
		t.Error("a recorder was made in a folder that does not exist")
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"cassette":1,"models":[{"model":"m","features":["json"]}]}` + "\n" + `{"model":"m","call":0,"request":{"messages":[{"role":"user","content":"q"}]},"reply":{"text":"a"}}`))
	f.Add([]byte(`{"cassette":1}` + "\n" + `{"model":"m","call":0,"request":{ "a" : 1 },"error":{"kind":"failed"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "run.jsonl")
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		player, err := cassette.Open(path, cassette.Options{})
		if err != nil {
			return
		}
		for _, name := range append(player.Models(), "m") {
			_, _ = player.Model(name).Complete(t.Context(), ask("q")) // must not panic
		}
	})
}

// optimize runs the whole loop with the given models and returns its journal.
func optimize(t *testing.T, task, reflection lm.Model) gepa.Journal {
	t.Helper()
	train, err := dataset.ReadHotpotQA(bytes.NewReader(demodata.Train()), "train")
	if err != nil {
		t.Fatal(err)
	}
	proposer, err := propose.New(propose.Options{Model: reflection, Feedback: propose.FeedbackBoth})
	if err != nil {
		t.Fatal(err)
	}
	journal := gepa.NewMemoryJournal()
	_, err = gepa.Optimize(t.Context(),
		program.NewSystem(hotpotqa.New(), task, metric.HotpotQA(), program.SystemOptions{}),
		gepa.Data{Feedback: train[:10], Validation: train[10:16], Test: train[16:20]},
		gepa.Options{Seed: 1, Proposer: proposer, Journal: journal, Budget: gepa.Budget{Proposals: 3}})
	if err != nil {
		t.Fatal(err)
	}
	return journal
}

// records lists what a journal holds, apart from times and sessions.
func records(t *testing.T, j gepa.Journal) (out []string) {
	t.Helper()
	var results []string
	for rec, err := range j.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		line := rec.Kind + " " + rec.Key + " " + string(rec.Data)
		switch {
		case rec.Kind == gepa.KindFailure:
			_, line, _ = strings.Cut(line, `"error"`) // failures are numbered as they come
			fallthrough
		case rec.Key != "":
			results = append(results, line)
		default:
			out = append(out, line)
		}
	}
	slices.Sort(results)
	return append(out, results...)
}

// A run that is recorded, then replayed without its models, is the same run:
// failed attempts and their usage included. Equal runs are equal files.
func TestARunRecordedAndReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		var journals [][]string
		var files [][]byte
		for n := range 2 {
			path := filepath.Join(folder, fmt.Sprint(n))
			recorder := record(t, path, cassette.Options{})
			flaky := &flaky{Model: lm.Named("task/sim", sim.New(sim.Options{})), seen: map[[32]byte]bool{}}
			journals = append(journals, records(t, optimize(t, recorder.Record(flaky), recorder.Record(lm.Named("reflection/sim", sim.New(sim.Options{}))))))
			closed(t, recorder)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, raw)
			if flaky.failed < 3 {
				t.Fatalf("only %d calls failed; the test shows little", flaky.failed)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Error("equal runs have different recordings")
		}
		player := open(t, filepath.Join(folder, "0"), cassette.Options{})
		journals = append(journals, records(t, optimize(t, player.Model("task/sim"), player.Model("reflection/sim"))))
		for i := 1; i < len(journals); i++ {
			if diff := cmp.Diff(journals[0], journals[i]); diff != "" {
				t.Errorf("run %d: %s", i, diff)
			}
		}
		if left := player.Left(); left != 0 {
			t.Errorf("%d recorded calls were not played", left)
		}
	})
}

// flaky fails the first time that it sees some requests.
type flaky struct {
	lm.Model
	mu     sync.Mutex
	seen   map[[32]byte]bool
	failed int
}

func (f *flaky) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	sum := sha256.Sum256([]byte(fmt.Sprint(req.Messages)))
	f.mu.Lock()
	fails := sum[0]%8 == 0 && !f.seen[sum]
	f.seen[sum] = true
	if fails {
		f.failed++
	}
	f.mu.Unlock()
	if fails {
		return lm.Reply{}, &lm.Error{Kind: lm.KindOverloaded, Model: f.Name(), Status: 503, Usage: lm.Usage{Calls: 2}}
	}
	return f.Model.Complete(ctx, req)
}
