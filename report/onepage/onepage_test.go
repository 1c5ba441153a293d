package onepage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/onepage"
	"github.com/gepa-go/gepa/report/view"
	"github.com/gepa-go/gepa/report/web"
)

const secret = `sk-se"cret<0123456789`

// hostile is what models and data may write.
const hostile = "</script><script>alert(1)</script><!-- <img src=//evil.example onerror=alert(1)> \u2028\u2029 \x1b[31m \u202e ]]> &amp;"

// system counts the words of its text; everything that it says is hostile.
type system struct{ long int }

func (system) Components() []gepa.Component {
	return []gepa.Component{{Name: "ask", Text: "start " + hostile}}
}

func (s system) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	text := job.Candidate["ask"]
	r := gepa.Rollout{Score: min(float64(strings.Count(text, "better"))/4, 1), Output: gepa.NewFields("answer", hostile+secret)}
	r.Feedback.Text = hostile
	r.Trace = []gepa.Step{{Component: "ask", Inputs: job.Example.Inputs, Problem: hostile, Exchanges: []gepa.Exchange{{
		Messages: []gepa.Message{{Role: "user", Content: text}}, Reply: hostile + strings.Repeat("x", s.long) + secret, Usage: gepa.Usage{Calls: 1},
	}}}}
	return r, nil
}

type proposer struct{}

func (proposer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	call, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleReflection, Component: "ask"}, func(context.Context) (gepa.Call, error) {
		return gepa.Call{Exchange: gepa.Exchange{Reply: req.Candidate["ask"] + " better", Usage: gepa.Usage{Calls: 1}}}, nil
	})
	return gepa.Reflection{Texts: map[string]string{"ask": call.Text()}}, err
}

type source []gepa.Record

func (s source) RecordAt(_ context.Context, number int64) (gepa.Record, error) {
	return s[number-1], nil
}

// folded makes a run whose rollouts are so long, and folds it.
func folded(t *testing.T, long int) (*view.Fold, source) {
	t.Helper()
	examples := func(set string, n int) (out []gepa.Example) {
		for i := range n {
			out = append(out, gepa.Example{ID: fmt.Sprintf("%s%d", set, i), Inputs: gepa.NewFields("question", fmt.Sprintf("%s %d %s", set, i, hostile))})
		}
		return out
	}
	journal := gepa.NewMemoryJournal()
	data := gepa.Data{Feedback: examples("f", 6), Validation: examples("v", 4), Test: examples("t", 3)}
	opts := gepa.Options{Budget: gepa.Budget{Proposals: 4}, Proposer: proposer{}, Journal: journal}
	if _, err := gepa.Optimize(t.Context(), system{long}, data, opts); err != nil {
		t.Fatal(err)
	}
	fold := view.NewFold(view.About{ID: hostile, Program: hostile, Command: "gepa --key " + secret, Status: report.StatusFinished})
	var records source
	for r, err := range journal.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := gepa.DecodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := fold.Apply(r, e); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return fold, records
}

func written(t *testing.T, app onepage.App, d *onepage.Data) string {
	t.Helper()
	var out bytes.Buffer
	if err := onepage.Write(&out, app, d, secret, "short"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func standIn() onepage.App { return onepage.App{Script: []byte("draw()"), Style: []byte("p{}")} }

// inlined is what the application reads.
type inlined struct {
	Run        view.Run                      `json:"run"`
	Candidates []view.CandidateDetail        `json:"candidates"`
	Proposals  []view.ProposalDetail         `json:"proposals"`
	Rollouts   map[string]view.RolloutDetail `json:"rollouts"`
	Review     view.Review                   `json:"review"`
	LeftOut    string                        `json:"left_out"`
}

func dataOf(t *testing.T, text string) inlined {
	t.Helper()
	_, after, found := strings.Cut(text, `<script type="application/json" id="gepa-data">`)
	raw, _, closed := strings.Cut(after, "</script>")
	if !found || !closed {
		t.Fatal("there is no data in the page")
	}
	var d inlined
	if err := json.Unmarshal([]byte(raw), &d); err != nil {
		t.Fatalf("the data are no JSON: %v", err)
	}
	return d
}

// The file holds the whole run where there is room for it.
func TestWhole(t *testing.T) {
	fold, from := folded(t, 0)
	data, err := onepage.Gather(t.Context(), fold, from, 10_000_000)
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, standIn(), data)
	got := dataOf(t, text)
	run, err := fold.Run()
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Candidates) < 3 || run.Head.Best == nil {
		t.Fatalf("the run has %d candidates; the test shows nothing", len(run.Candidates))
	}
	if len(got.Candidates) != len(run.Candidates) || len(got.Proposals) != len(run.Proposals) || len(got.Run.Candidates) != len(run.Candidates) {
		t.Errorf("%d candidates, %d proposals; the run has %d and %d", len(got.Candidates), len(got.Proposals), len(run.Candidates), len(run.Proposals))
	}
	for _, set := range []struct {
		name view.Set
		n    int
	}{{view.SetTest, 3}, {view.SetValidation, 4}} {
		for i := range set.n {
			key := fmt.Sprintf("%s/%d/%d", set.name, *run.Head.Best, i)
			if r := got.Rollouts[key]; r.Set != set.name || r.Candidate != *run.Head.Best || r.Example.Index != i || len(r.Steps) == 0 {
				t.Errorf("%s is %+v", key, r)
			}
		}
	}
	if got.LeftOut != "" || strings.Contains(text, "<footer") {
		t.Errorf("it says that something is left out: %q", got.LeftOut)
	}
	if got.Review.State != view.ReviewNone {
		t.Errorf("review %+v", got.Review)
	}
}

// Nothing of the run is markup, no secret is in the file, and it refers to
// nothing outside; the policy allows the application and nothing else.
func TestHarmless(t *testing.T) {
	fold, from := folded(t, 0)
	data, err := onepage.Gather(t.Context(), fold, from, 10_000_000)
	if err != nil {
		t.Fatal(err)
	}
	app := standIn()
	text := written(t, app, data)
	if n := strings.Count(text, "<script"); n != 2 {
		t.Errorf("%d scripts", n)
	}
	for _, bad := range []string{"alert(1)</", "<img", "<!--", "\x1b", "\u2028", "src=\"", "href=\"", "url(", "@import"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in the file", bad)
		}
	}
	if strings.Contains(text, "0123456789") || !strings.Contains(text, "[redacted]") {
		t.Error("the secret stands in the file")
	}
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]+)"`).FindStringSubmatch(text)
	if policy == nil {
		t.Fatal("there is no policy")
	}
	for _, element := range []string{"script", "style"} {
		for _, found := range regexp.MustCompile(`(?s)<`+element+`( type="module")?>(.*?)</`+element+`>`).FindAllStringSubmatch(text, -1) {
			sum := sha256.Sum256([]byte(found[2]))
			if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy[1], want) {
				t.Errorf("the policy does not allow <%s>%.40s", element, found[2])
			}
		}
	}
	if !strings.HasPrefix(policy[1], "default-src 'none'; ") || strings.Contains(policy[1], "unsafe") || strings.Contains(policy[1], "connect-src") {
		t.Errorf("policy %s", policy[1])
	}
	if policyAt, scriptAt := strings.Index(text, policy[0]), strings.Index(text, "<script"); policyAt > scriptAt {
		t.Error("the policy comes after a script")
	}
}

// What there is no room for is left out, what matters least first, and that is
// said.
func TestLimit(t *testing.T) {
	fold, from := folded(t, 20_000)
	run, err := fold.Run()
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, limit := range []int{60_000, 300_000, 1_000_000, 10_000_000} {
		data, err := onepage.Gather(t.Context(), fold, from, limit)
		if err != nil {
			t.Fatal(err)
		}
		text := written(t, standIn(), data)
		if len(text) > limit+5_000 {
			t.Errorf("limit %d: the file has %d bytes", limit, len(text))
		}
		got := dataOf(t, text)
		if len(got.Rollouts) < last {
			t.Errorf("limit %d: %d rollouts, fewer than with a lower one", limit, len(got.Rollouts))
		}
		last = len(got.Rollouts)
		if said := got.LeftOut != "" && strings.Contains(text, "<footer"); said != (limit < 10_000_000) {
			t.Errorf("limit %d: it says %q", limit, got.LeftOut)
		}
		if _, there := got.Rollouts[fmt.Sprintf("test/%d/0", *run.Head.Best)]; !there && limit >= 300_000 {
			t.Errorf("limit %d: the winner on the test set is left out, and %d others are not", limit, last)
		}
	}
	if _, err := onepage.Gather(t.Context(), fold, from, 100); !errors.Is(err, onepage.ErrLimit) {
		t.Errorf("limit 100: %v", err)
	}
}

// The application as it is built for the dashboard can stand in one file.
func TestBuilt(t *testing.T) {
	app, err := onepage.Built(web.FS())
	if err != nil {
		t.Fatal(err)
	}
	fold, from := folded(t, 0)
	data, err := onepage.Gather(t.Context(), fold, from, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	if text := written(t, app, data); len(text) < len(app.Script)+len(app.Style) {
		t.Errorf("the file has %d bytes", len(text))
	}
}

func TestBuiltWrongly(t *testing.T) {
	page := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const good = `<script type="module" src="/assets/a.js"></script><link rel="stylesheet" href="/assets/a.css">`
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"nothing":     {fstest.MapFS{}, "index.html"},
		"no script":   {fstest.MapFS{"index.html": page("<p>")}, "0 references to a script"},
		"two scripts": {fstest.MapFS{"index.html": page(good + good)}, "2 references"},
		"no file":     {fstest.MapFS{"index.html": page(good)}, "assets/a.js"},
	} {
		if _, err := onepage.Built(c.files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, app := range []onepage.App{{}, {Script: []byte("'</SCRIPT>'")}, {Script: []byte("'<!--'")}, {Script: []byte("x"), Style: []byte("</style>")}} {
		if err := onepage.Write(&bytes.Buffer{}, app, &onepage.Data{}); err == nil {
			t.Errorf("%q is written", app.Script)
		}
	}
}
