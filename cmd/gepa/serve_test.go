package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

var dashboardAddress = regexp.MustCompile(`dashboard +(http://\S+)`)

// serving starts a command that serves a dashboard and returns its address.
// What it says later goes nowhere.
func serving(t *testing.T, cmd *exec.Cmd) (address string) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := dashboardAddress.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return m[1]
		}
	}
	t.Fatal("no address was printed")
	return ""
}

func fetch(t *testing.T, address string, into any) (code int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, req, into)
}

func do(t *testing.T, req *http.Request, into any) (code int, body string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil && resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s: %v: %.300s", req.URL, err, raw)
		}
	}
	return resp.StatusCode, string(raw)
}

// One process makes a run, another shows it: live, and in the end with the
// figures of gepa show. Then it is reviewed.
func TestServeWhileAnotherProcessWrites(t *testing.T) {
	dir := t.TempDir()
	base := serving(t, gepaCommand(t, dir, "serve", "--addr", "127.0.0.1:0", "--apply-to", "prompts"))
	var list struct{ Runs []view.RunLine }
	if code, body := fetch(t, base+"api/runs", &list); code != http.StatusOK || len(list.Runs) != 0 {
		t.Fatalf("an empty folder: %d %s", code, body)
	}
	demo := gepaCommand(t, dir, "demo", "--out", "r", "--iterations", "4", "--limit", "60", "--quiet")
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	for len(list.Runs) == 0 || list.Runs[0].Error != "" {
		list.Runs = nil
		fetch(t, base+"api/runs", &list)
	}
	positions, phases := follow(t, base+"api/runs/r/events")
	if err := demo.Wait(); err != nil {
		t.Fatal(err)
	}
	if positions < 5 || !phases[view.PhaseSearch] && !phases[view.PhaseBase] {
		t.Errorf("the run was seen at %d positions, in phases %v", positions, phases)
	}
	_, shown := fetch(t, base+"api/runs/r/summary", nil)
	if want := output(t, gepaCommand(t, dir, "show", "r", "--json")); shown != want {
		t.Error("the dashboard's figures are not those of gepa show --json")
	}
	var run view.Run
	var s report.Summary
	fetch(t, base+"api/runs/r", &run)
	if err := json.Unmarshal([]byte(shown), &s); err != nil {
		t.Fatal(err)
	}
	score := s.Test.Measures[len(s.Test.Measures)-1]
	if *run.Head.Best != s.Winner.Candidate || float64(run.Head.Test.Score().Other) != score.Other || run.Head.Spend.Total != s.Spend.Total ||
		len(run.Head.Ledger) != len(s.Spend.Ledger) || run.Head.Counts.Rollouts != s.Rollouts {
		t.Errorf("the run's page and its summary differ: %+v", run.Head)
	}
	review(t, dir, base, run)
}

// follow reads a run's events until it is over.
func follow(t *testing.T, address string) (positions int, phases map[view.Phase]bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	phases = map[view.Phase]bool{}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<24)
	var head view.Head
	name := ""
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "event: "):
			name = line[7:]
		case strings.HasPrefix(line, "id: "):
			positions++
		case strings.HasPrefix(line, "data: ") && name == "head":
			if err := json.Unmarshal([]byte(line[6:]), &head); err != nil {
				t.Fatal(err)
			}
			phases[head.Phase] = true
			if head.Status == report.StatusFinished {
				return positions, phases
			}
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
	return 0, nil
}

// review edits, scores and applies the winner's texts.
func review(t *testing.T, dir, base string, run view.Run) {
	t.Helper()
	best := strconv.Itoa(*run.Head.Best)
	for _, body := range []string{
		`{"action":"edit","candidate":` + best + `,"by":"Ada","texts":{"verify":"Check the candidate, then answer in one short span."}}`,
		`{"action":"rescore","candidate":` + best + `,"by":"Ada"}`,
		`{"action":"apply","candidate":` + best + `,"by":"Ada"}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"api/runs/r/review", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Gepa", "1")
		var r view.Review
		if code, answer := do(t, req, &r); code != http.StatusOK {
			t.Fatalf("%s: %d %s", body, code, answer)
		}
		if strings.Contains(body, "rescore") && (r.Rescored == nil || r.Rescored.N != len(run.Scores.Examples) || !r.Rescored.Score.Known()) {
			t.Errorf("rescored: %+v", r.Rescored)
		}
	}
	text, err := os.ReadFile(dir + "/prompts/verify.md")
	if err != nil || string(text) != "Check the candidate, then answer in one short span.\n" {
		t.Errorf("applied: %q, %v", text, err)
	}
	var after struct{ Status string }
	if err := json.Unmarshal([]byte(output(t, gepaCommand(t, dir, "show", "r", "--json"))), &after); err != nil || after.Status != "finished" {
		t.Errorf("after the review: %v, %v", after, err)
	}
}

// A run that this process drives can be held and ended from its page; kept
// nowhere, it is served from memory.
func TestRunWithDashboard(t *testing.T) {
	dir := t.TempDir()
	cmd := gepaCommand(t, dir, "demo", "--ui=stay", "--iterations", "300")
	address := serving(t, cmd)
	base := strings.TrimSuffix(address, "runs/run")
	post := func(action string) (head view.Head) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"api/runs/run/"+action, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Gepa", "1")
		if code, body := do(t, req, &head); code != http.StatusOK {
			t.Fatalf("%s: %d %s", action, code, body)
		}
		return head
	}
	if head := post("pause"); !head.Paused || len(head.Controls) != 2 || head.Controls[0] != view.ControlResume {
		t.Errorf("paused: %+v", head.Standing)
	}
	if head := post("resume"); head.Paused {
		t.Errorf("resumed: %+v", head.Standing)
	}
	post("stop")
	var run view.Run
	for run.Head.Phase != view.PhaseOver {
		if code, body := fetch(t, base+"api/runs/run", &run); code != http.StatusOK {
			t.Fatalf("%d %s", code, body)
		}
	}
	if run.Head.Stop.Reason != "requested" && run.Head.Counts.Planned >= 300 {
		t.Errorf("stopped: %+v", run.Head.Stop)
	}
	if code, page := fetch(t, address, nil); code != http.StatusOK || !strings.Contains(page, "<html") {
		t.Errorf("the page: %d %.200s", code, page)
	}
}
