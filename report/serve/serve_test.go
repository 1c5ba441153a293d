package serve_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/serve"
	"github.com/gepa-go/gepa/report/view"
)

// page is a run as a page keeps it: what it was given first, and the events
// since.
type page struct {
	run  view.Run
	last string
}

func (p *page) take(t *testing.T, e event) {
	t.Helper()
	read := func(into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(e.data), into); err != nil {
			t.Fatalf("event %s: %v", e.name, err)
		}
	}
	switch e.name {
	case "head":
		read(&p.run.Head) // a part takes the place of its fields
	case "ledger":
		p.run.Head.Ledger = nil
		read(&p.run.Head.Ledger)
	case "candidate":
		p.run.Candidates = put(t, p.run.Candidates, read, func(c view.Candidate) int { return c.ID })
	case "proposal":
		p.run.Proposals = put(t, p.run.Proposals, read, func(c view.Proposal) int { return c.Number - 1 })
	case "scores":
		p.run.Scores.Rows = put(t, p.run.Scores.Rows, read, func(c view.ScoreRow) int { return c.Candidate })
	case "point":
		p.run.Points = put(t, p.run.Points, read, func(c view.Point) int { return c.Candidate })
	case "reset":
		p.run = view.Run{}
	default:
		t.Fatalf("unknown event %+v", e)
	}
	if e.id != "" {
		p.last = e.id
	}
}

func put[R any](t *testing.T, rows []R, read func(any), key func(R) int) []R {
	t.Helper()
	var changed []R
	read(&changed)
	for _, r := range changed {
		for len(rows) <= key(r) {
			rows = append(rows, r)
		}
		rows[key(r)] = r
	}
	return rows
}

// until takes events until the page is at a position.
func (p *page) until(t *testing.T, l *listener, position int) {
	t.Helper()
	for p.last != strconv.Itoa(position) {
		e, ok := l.next()
		if !ok {
			t.Fatalf("the stream ended at %s of %d", p.last, position)
		}
		p.take(t, e)
	}
}

// same compares a page with what the server says of the run.
func (p *page) same(t *testing.T, base string) {
	t.Helper()
	want := get[view.Run](t, base+"/api/runs/x")
	want.Head.Ledger, p.run.Head.Ledger = nil, nil // it may be late
	opts := []cmp.Option{cmpopts.IgnoreFields(view.Run{}, "Position", "Format"), cmpopts.IgnoreFields(view.Scores{}, "Examples"), cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b view.Number) bool { return a == b || !a.Known() && !b.Known() })}
	if diff := cmp.Diff(want, p.run, opts...); diff != "" {
		t.Errorf("the page differs from the run (-run +page):\n%s", diff)
	}
}

func TestStreamFollowsTheRun(t *testing.T) {
	recs := v2(t)
	w := &world{status: report.StatusRunning}
	w.append(recs[:50]...)
	base := start(t, serve.Config{Library: w})
	var p page
	p.run = get[view.Run](t, base+"/api/runs/x")
	l := listen(t, base+"/api/runs/x/events?after="+fmt.Sprint(p.run.Position), "")
	var worst time.Duration
	for at := 50; at < len(recs); {
		next := min(at+40, len(recs))
		began := time.Now()
		w.append(recs[at:next]...)
		at = next
		p.until(t, l, at)
		worst = max(worst, time.Since(began))
	}
	t.Logf("the slowest of the frames came after %v", worst)
	if worst > 2*time.Second { // 300 ms is the aim; a busy machine must not fail the test
		t.Errorf("a frame came after %v", worst)
	}
	p.same(t, base)

	// Somebody who was away gets what changed meanwhile, and no more.
	again := listen(t, base+"/api/runs/x/events", strconv.Itoa(len(recs)-1))
	rows := 0
	for {
		e, ok := again.next()
		if !ok {
			t.Fatal("the stream ended")
		}
		if e.name == "candidate" || e.name == "proposal" {
			rows += strings.Count(e.data, `"parents"`)
		}
		if e.id != "" {
			break
		}
	}
	if rows > 3 {
		t.Errorf("%d rows were sent for one record", rows)
	}

	// Somebody with another journal's position begins anew.
	other := listen(t, base+"/api/runs/x/events", "999999")
	var q page
	first, ok := other.next()
	if !ok || first.name != "reset" {
		t.Fatalf("first event %+v", first)
	}
	q.until(t, other, len(recs))
	q.same(t, base)
}

// TestManyStreams: two hundred clients, one that reads slowly and one that
// never does; each gets all, or is dropped, and none waits for another.
func TestManyStreams(t *testing.T) {
	recs := v2(t)
	w := &world{status: report.StatusRunning}
	w.append(recs[:20]...)
	base := start(t, serve.Config{Library: w, WriteTimeout: 5 * time.Second, MaxStreams: 202})
	// Clients that ask and never read, with as little room as the system gives
	// them.
	for range 2 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.(*net.TCPConn).SetReadBuffer(1); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET /api/runs/x/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil { // it is answered
			t.Fatal(err)
		}
	}
	const clients = 200
	pages, listeners := make([]page, clients), make([]*listener, clients)
	for i := range listeners {
		listeners[i] = listen(t, base+"/api/runs/x/events", "")
	}
	extra := map[int]int{}
	for range 4 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/runs/x/events", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		extra[resp.StatusCode]++
		_ = resp.Body.Close()
	}
	if extra[http.StatusServiceUnavailable] != 4 {
		t.Errorf("more streams than allowed: %v", extra)
	}
	var reading sync.WaitGroup
	for i := range listeners {
		reading.Go(func() {
			if i == 0 || i == clients-1 {
				pages[i].until(t, listeners[i], len(recs))
				return
			}
			for last := ""; last != strconv.Itoa(len(recs)); {
				e, ok := listeners[i].next()
				if !ok {
					t.Errorf("the stream of client %d ended at %s", i, last)
					return
				}
				if e.id != "" {
					last = e.id
				}
			}
		})
	}
	for at := 20; at < len(recs); at += 30 {
		w.append(recs[at:min(at+30, len(recs))]...)
		get[view.Run](t, base+"/api/runs/x")
	}
	reading.Wait()
	pages[0].same(t, base)
	pages[clients-1].same(t, base)
}

// TestDeafClientIsDropped: who does not read is given up when the write takes
// too long, and its stream is free for another.
func TestDeafClientIsDropped(t *testing.T) {
	long := strings.Repeat("x", 6<<20) // more than the buffers between two sockets
	hostile, err := gepa.NewRecord(gepa.RunStarted{
		Format: 2, Components: []gepa.Component{{Name: "a", Text: long}}, Options: gepa.Options{}.WithDefaults(),
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{records: []gepa.Record{hostile}}
	base := start(t, serve.Config{Library: w, WriteTimeout: 200 * time.Millisecond, MaxStreams: 1})
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.(*net.TCPConn).SetReadBuffer(1); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /api/runs/x/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	one := make([]byte, 1)
	if _, err := io.ReadFull(conn, one); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/runs/x/events", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a client that never reads keeps its stream")
		}
	}
}

func TestDetails(t *testing.T) {
	recs := v2(t)
	w := &world{records: recs, status: report.StatusFinished}
	base := start(t, serve.Config{Library: w})
	run := get[view.Run](t, base+"/api/runs/x")
	for _, c := range run.Candidates {
		d := get[view.CandidateDetail](t, fmt.Sprintf("%s/api/runs/x/candidates/%d", base, c.ID))
		if d.ID != c.ID || len(d.Components) != len(run.Head.Components) || (d.Against == nil) != (c.ID == 0) || (d.Validation == nil) != (c.ID == 0) {
			t.Errorf("candidate %d: %+v", c.ID, d)
		}
		if c.Proposal > 0 && run.Proposals[c.Proposal-1].Kind == gepa.ProposalReflect && (len(d.Minibatch) == 0 || len(d.Reflection) == 0) {
			t.Errorf("candidate %d has no minibatch or no reflection", c.ID)
		}
		before, after := "", ""
		for _, w := range d.Components[0].Words {
			if w.Op != view.OpInsert {
				before += w.Text
			}
			if w.Op != view.OpDelete {
				after += w.Text
			}
		}
		if before != d.Components[0].Before || after != d.Components[0].After {
			t.Errorf("candidate %d: the words are not the texts", c.ID)
		}
		seed := get[view.CandidateDetail](t, fmt.Sprintf("%s/api/runs/x/candidates/%d?against=seed", base, c.ID))
		if *seed.Against != 0 || len(seed.Won)+len(seed.Lost) > len(run.Scores.Examples) {
			t.Errorf("candidate %d against the seed: %+v", c.ID, seed)
		}
		for i, score := range run.Scores.Rows[c.ID].Scores {
			if !score.Known() {
				continue
			}
			r := get[view.RolloutDetail](t, fmt.Sprintf("%s/api/runs/x/rollouts?candidate=%d&example=%d", base, c.ID, i))
			if r.Score != score || r.Example.ID != run.Scores.Examples[i].ID || len(r.Others) != len(run.Candidates)-1 {
				t.Errorf("candidate %d, example %d: %+v", c.ID, i, r)
			}
			break
		}
	}
	for _, p := range run.Proposals {
		d := get[view.ProposalDetail](t, fmt.Sprintf("%s/api/runs/x/proposals/%d", base, p.Number))
		if d.Proposal.Number != p.Number || len(d.Minibatch) < len(p.Examples) {
			t.Errorf("proposal %d: %+v", p.Number, d)
		}
	}
	list := get[struct{ Runs []view.RunLine }](t, base+"/api/runs")
	if len(list.Runs) != 1 || *run.Head.Best == 0 || list.Runs[0].Best != run.Candidates[*run.Head.Best].Validation {
		t.Errorf("%+v", list)
	}
	compared := get[view.Comparison](t, base+"/api/compare?a=x:0&b=x")
	if compared.Pairing.N == 0 || compared.Conclusion == "" {
		t.Errorf("%+v", compared)
	}
	summary, err := w.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := summary.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, body := ask(t, http.MethodGet, base+"/api/runs/x/summary", "", nil); body != string(want) {
		t.Error("the summary is not the one that gepa show --json prints")
	}
	stream := listen(t, base+"/api/events", "")
	if e, ok := stream.next(); !ok || e.name != "run" || !strings.Contains(e.data, `"id":"x"`) {
		t.Errorf("%+v", e)
	}
}

func TestReview(t *testing.T) {
	w := &world{records: v2(t), status: report.StatusFinished}
	base := start(t, serve.Config{Library: w})
	before := get[view.Run](t, base+"/api/runs/x")
	post := func(body string) view.Review {
		t.Helper()
		code, _, answer := ask(t, http.MethodPost, base+"/api/runs/x/review", body, map[string]string{"Content-Type": "application/json", "X-Gepa": "1"})
		if code != http.StatusOK {
			t.Fatalf("%s: %d %s", body, code, answer)
		}
		var r view.Review
		if err := json.Unmarshal([]byte(answer), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := get[view.Review](t, base+"/api/runs/x/review"); r.State != view.ReviewNone || r.Candidate != *before.Head.Best {
		t.Errorf("before: %+v", r)
	}
	if r := post(`{"action":"reject","candidate":1,"by":"Ada","detail":"too long"}`); r.State != view.ReviewRejected || r.Log[0].By != "Ada" || r.Log[0].Detail != "too long" {
		t.Errorf("rejected: %+v", r)
	}
	if r := post(`{"action":"edit","candidate":1,"by":"Ada","texts":{"a":"by hand"}}`); r.State != view.ReviewEdited || r.Texts["a"] != "by hand" || r.Texts["b"] == "" {
		t.Errorf("edited: %+v", r)
	}
	if r := post(`{"action":"rescore","candidate":1}`); r.Rescored == nil || r.Rescored.Score != 1 || r.Texts["a"] != "by hand" || r.State != view.ReviewEdited {
		t.Errorf("rescored: %+v", r)
	}
	if r := post(`{"action":"approve","candidate":1}`); r.State != view.ReviewApproved || r.Texts["a"] != "by hand" || r.Log[3].By != "somebody" {
		t.Errorf("approved: %+v", r)
	}
	if r := post(`{"action":"apply","candidate":1}`); !r.Applied || w.applied != "by hand" || r.Log[4].Detail != "a.md" {
		t.Errorf("applied: %+v, %q", r, w.applied)
	}
	// What people did is no part of the run.
	after := get[view.Run](t, base+"/api/runs/x")
	if int(after.Position) != int(before.Position)+5 || after.Head.ElapsedMillis != before.Head.ElapsedMillis {
		t.Errorf("from %d (%d ms) to %d (%d ms)", before.Position, before.Head.ElapsedMillis, after.Position, after.Head.ElapsedMillis)
	}
	if diff := cmp.Diff(before.Candidates, after.Candidates, cmp.Comparer(func(a, b view.Number) bool { return a == b || !a.Known() && !b.Known() })); diff != "" {
		t.Error(diff)
	}
}
