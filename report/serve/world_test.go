package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/serve"
	"github.com/gepa-go/gepa/report/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a library of one run in memory.
type world struct {
	mu      sync.Mutex
	records []gepa.Record
	status  report.Status
	applied string
}

func (w *world) Places(context.Context) ([]serve.Place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return []serve.Place{{ID: "x", Folder: "runs/x", Stamp: fmt.Sprint(len(w.records), w.status)}}, nil
}

func (w *world) Open(_ context.Context, id string) (serve.Journal, error) {
	if id != "x" {
		return nil, serve.ErrNoRun
	}
	return w, nil
}

func (w *world) Close() error { return nil }

func (w *world) all() []gepa.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clip(w.records)
}

func (w *world) append(records ...gepa.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, records...)
}

func (w *world) Last(context.Context) (int64, error) { return int64(len(w.all())), nil }

func (w *world) RecordAt(_ context.Context, number int64) (gepa.Record, error) {
	return w.all()[number-1], nil
}

func (w *world) RecordsAfter(_ context.Context, number int64) iter.Seq2[gepa.Record, error] {
	records := w.all()
	return func(yield func(gepa.Record, error) bool) {
		for _, r := range records[number:] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (w *world) About(context.Context, *report.Story) (view.About, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return view.About{Folder: "runs/x", Program: "p", Status: w.status}, nil
}

func (w *world) Summary(ctx context.Context) (report.Summary, error) {
	story := report.NewStory()
	for _, r := range w.all() {
		e, err := gepa.DecodeRecord(r)
		if err != nil {
			return report.Summary{}, err
		}
		if err := story.Apply(r, e); err != nil {
			return report.Summary{}, err
		}
	}
	run := story.State.Run()
	return report.Summarize(report.Input{Result: story.Result(), Components: run.Components, Options: run.Options, Data: gepa.Data{
		Test: make([]gepa.Example, len(run.Test)),
	}})
}

// Review, Rescore, Apply and Can make it a [serve.Reviewer].
func (w *world) Review(_ context.Context, _ string, records int64, done gepa.ReviewDone) error {
	rec, err := gepa.NewRecord(done, time.Now())
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.status == report.StatusRunning {
		return serve.ErrBusy
	}
	if int64(len(w.records)) != records {
		return serve.ErrMoved
	}
	w.records = append(w.records, rec)
	return nil
}

func (w *world) Rescore(context.Context, string, map[string]string) ([]float64, error) {
	out := make([]float64, 12)
	for i := range out {
		out[i] = 1
	}
	return out, nil
}

func (w *world) Apply(_ context.Context, _ string, _ int, texts map[string]string) (string, error) {
	w.applied = texts["a"]
	return "a.md", nil
}

func (w *world) Can(context.Context, string) []view.Control {
	return []view.Control{view.ControlReview, view.ControlRescore, view.ControlApply}
}

// v2 is the run of event format 2 in testdata.
func v2(tb testing.TB) []gepa.Record {
	tb.Helper()
	f, err := os.Open("../../testdata/journal-v2.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []gepa.Record
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r gepa.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func testPages() fstest.MapFS {
	return fstest.MapFS{
		"index.html":       {Data: []byte("<!doctype html><title>pages</title>")},
		"assets/app-1a.js": {Data: []byte("let x = 1")},
	}
}

// start serves a configuration on a port of its own until the test ends.
func start(t *testing.T, c serve.Config) (base string) {
	t.Helper()
	if c.Pages == nil {
		c.Pages = testPages()
	}
	s := serve.New(c)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

// ask sends a request and returns the answer's code, headers and body.
func ask(t *testing.T, method, url, body string, header map[string]string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		if k == "Host" {
			req.Host = v
		}
		req.Header.Set(k, v)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

// get decodes an answer that must be there.
func get[T any](t *testing.T, url string) T {
	t.Helper()
	code, _, body := ask(t, http.MethodGet, url, "", nil)
	if code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", url, code, body)
	}
	var out T
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("GET %s: %v\n%s", url, err, body)
	}
	return out
}

// event is one of a stream.
type event struct {
	name, id, data string
}

// listener reads an event stream.
type listener struct {
	body  io.ReadCloser
	lines *bufio.Scanner
	end   context.CancelFunc
}

func listen(t *testing.T, url, lastID string) *listener {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(req) //nolint:bodyclose // by close
	if err != nil {
		t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Fatalf("%s: %s", url, kind)
	}
	l := &listener{resp.Body, bufio.NewScanner(resp.Body), cancel}
	l.lines.Buffer(nil, 1<<26)
	t.Cleanup(l.close)
	return l
}

func (l *listener) close() {
	l.end()
	_ = l.body.Close()
}

// next returns the next event; false at the stream's end.
func (l *listener) next() (e event, ok bool) {
	for l.lines.Scan() {
		line := l.lines.Text()
		switch {
		case line == "" && e.name != "":
			return e, true
		case strings.HasPrefix(line, "event: "):
			e.name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			e.data = line[len("data: "):]
		case strings.HasPrefix(line, "id: "):
			e.id = line[len("id: "):]
		}
	}
	return e, false
}
