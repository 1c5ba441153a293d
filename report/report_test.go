package report_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/stats"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", name, diff)
	}
}

const (
	baseReason = "Find the bridge.\nKeep it short."
	bestReason = "Find the bridge.\nFollow every hop from the entity that the question names to the paragraph that holds the answer.\nKeep it short."
)

// input is a run of two components and four validated candidates.
func input() report.Input {
	texts := func(reason, verify string) gepa.Candidate {
		return gepa.Candidate{"reason": reason, "verify": verify}
	}
	pool := []gepa.Member{
		{ID: 0, Texts: texts(baseReason, "Check."), Mean: 0.4, Full: true, Validated: 40},
		{ID: 1, Parents: []int{0}, Proposal: 2, Texts: texts(bestReason, "Check."), Changed: []string{"reason"}, Mean: 0.5, Full: true, Validated: 40},
		{ID: 2, Parents: []int{0}, Proposal: 4, Texts: texts(baseReason, "Check twice."), Changed: []string{"verify"}, Mean: 0.45, Full: true, Validated: 40},
		{ID: 3, Parents: []int{1, 2}, Proposal: 5, Texts: texts(bestReason, "Check twice."), Changed: []string{"verify"}, Mean: 0.625, Full: true, Validated: 40},
	}
	gate := func(proposal int, kind gepa.ProposalKind, parents []int, child map[string]string, before, after float64, passed bool, candidate int, why string) gepa.Proposal {
		return gepa.Proposal{
			ProposalPlanned: gepa.ProposalPlanned{Proposal: proposal, Kind: kind, Parents: parents, Components: []string{"reason"}, Examples: []int{0, 1}},
			Gate:            &gepa.GateDecided{Proposal: proposal, Texts: child, Parent: before, Child: after, Passed: passed, Reason: why},
			Committed:       true, Candidate: candidate,
		}
	}
	history := []gepa.Proposal{
		gate(1, gepa.ProposalReflect, []int{0}, map[string]string{"reason": "Guess."}, 1, 0.5, false, -1, "not above"),
		gate(2, gepa.ProposalReflect, []int{0}, map[string]string{"reason": bestReason}, 1, 1.5, true, 1, ""),
		gate(3, gepa.ProposalReflect, []int{0}, nil, 1, 0, false, -1, "reason: the reply could not be used: it is empty"),
		gate(4, gepa.ProposalReflect, []int{0}, map[string]string{"verify": "Check twice."}, 1, 2, true, 2, ""),
		gate(5, gepa.ProposalMerge, []int{1, 2}, map[string]string{"verify": "Check twice."}, 1, 1, true, 3, ""),
		gate(6, gepa.ProposalReflect, []int{0}, map[string]string{"reason": bestReason}, 1, 0, false, -1, "the same as candidate 1"),
		gate(7, gepa.ProposalReflect, []int{3}, nil, 2, 0, false, -1, "perfect"),
		gate(8, gepa.ProposalMerge, []int{1, 2}, map[string]string{"verify": "Check thrice."}, 2, 1, false, -1, "worse"),
		{ProposalPlanned: gepa.ProposalPlanned{Proposal: 9, Kind: gepa.ProposalReflect, Parents: []int{3}, Components: []string{"verify"}, Examples: []int{2, 3}}, Candidate: -1},
	}
	data := gepa.Data{Feedback: examples("f", 6), Validation: examples("v", 4), Test: examples("t", 20)}
	test := &gepa.Test{Readings: 1}
	for i := range data.Test {
		em := float64(i % 2)
		test.Seed = append(test.Seed, rollout(em, 2))
		test.Best = append(test.Best, rollout(1, 1+float64(i%3)))
	}
	test.Best[3] = gepa.Rollout{Problem: "no answer", Objectives: map[string]float64{"em": 0, "seconds": 9}}
	return report.Input{
		Result: &gepa.Result{
			Best: &pool[3], Pool: pool, Frontier: []int{1, 3}, History: history, Rollouts: 42,
			Spend: gepa.Spend{
				Task:       gepa.Usage{Calls: 1200, InputTokens: 1234567, OutputTokens: 8910, Cost: gepa.Cost{Nanos: 12_300_000}},
				Test:       gepa.Usage{Calls: 40, Unmeasured: 40, Cost: gepa.Cost{Unknown: 40}},
				Reflection: gepa.Usage{Calls: 9, InputTokens: 900, OutputTokens: 90, Unmeasured: 1, Cost: gepa.Cost{Nanos: 5, Unknown: 1}},
			},
			Stop: gepa.Stopped{Reason: gepa.StopProposals, Detail: "all 9 proposals are made"},
			Test: test,
		},
		Components: []gepa.Component{{Name: "reason", Text: baseReason}, {Name: "verify", Text: "Check."}},
		Data:       data,
		Options:    gepa.Options{Seed: 7, Objectives: []gepa.Objective{{Name: "seconds", Direction: gepa.Minimize, Max: 10}}},
		Program:    "two-step",
		Models:     report.Models{Task: report.Model{Name: "openai/gpt"}, Reflection: report.Model{Name: "sim", Simulated: true}},
		Output:     &report.Output{Folder: "out", Program: "out/program.json", Journal: "out/journal.db", Result: "out/result.json"},
	}
}

func rollout(em, seconds float64) gepa.Rollout {
	return gepa.Rollout{
		Score: em, Objectives: map[string]float64{"em": em, "seconds": seconds},
		Output: gepa.NewFields("answer", "<x>"),
	}
}

func examples(prefix string, n int) []gepa.Example {
	out := make([]gepa.Example, n)
	for i := range out {
		id := prefix + string(rune('a'+i))
		out[i] = gepa.Example{ID: id, Inputs: gepa.NewFields("question", id)}
	}
	return out
}

func summarize(t *testing.T, in report.Input) report.Summary {
	t.Helper()
	s, err := report.Summarize(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func text(t *testing.T, s report.Summary, o report.TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := s.Text(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSummaryIsWhatItWas(t *testing.T) {
	s := summarize(t, input())
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.json", string(data))
	golden(t, "summary.txt", text(t, s, report.TextOptions{}))
	golden(t, "summary-color-120.txt", text(t, s, report.TextOptions{Width: 120, Color: true}))
}

func TestSummaryOfUnfinishedRuns(t *testing.T) {
	stopped := input()
	stopped.Result.Test = nil
	stopped.Result.Stop = gepa.Stopped{Reason: gepa.StopInterrupted, Detail: "interrupted"}
	stopped.Err, stopped.Interrupted = context.Canceled, true
	stopped.Output = nil
	s := summarize(t, stopped)
	if s.Status != report.StatusInterrupted || s.Test != nil || s.Winner.Candidate != 3 {
		t.Errorf("status %q, test %v, winner %+v", s.Status, s.Test, s.Winner)
	}
	golden(t, "interrupted.txt", text(t, s, report.TextOptions{}))

	early := input()
	early.Result = &gepa.Result{Stop: gepa.Stopped{Reason: gepa.StopFailed, Detail: "boom"}}
	early.Err = errors.New("boom")
	early.Output = nil
	s = summarize(t, early)
	if s.Status != report.StatusFailed || s.Winner != nil {
		t.Errorf("status %q, winner %v", s.Status, s.Winner)
	}
	if got := text(t, s, report.TextOptions{}); !strings.Contains(got, "no result yet") {
		t.Errorf("nothing says that there is no result:\n%s", got)
	}
}

func TestVerdictsFollowDirections(t *testing.T) {
	in := input()
	for i := range in.Result.Test.Best {
		in.Result.Test.Best[i].Objectives = map[string]float64{"em": 0, "seconds": 1 + float64(i%3)/10}
		in.Result.Test.Seed[i].Objectives = map[string]float64{"em": float64(i % 2), "seconds": 5}
	}
	s := summarize(t, in)
	byName := map[string]report.Measure{}
	for _, m := range s.Test.Measures {
		byName[m.Name] = m
	}
	if m := byName["seconds"]; m.Verdict != stats.Better || m.Difference >= 0 || m.Base != 5 || m.Interval.High >= 0 || m.Interval.Low > m.Interval.High {
		t.Errorf("less is better, and it fell: %+v", m)
	}
	if m := byName["em"]; m.Verdict != stats.Worse || m.Difference >= 0 {
		t.Errorf("more is better, and it fell: %+v", m)
	}
	if c := s.Test.Conclusion; !strings.Contains(c, "better: seconds −3.9") || !strings.Contains(c, "worse: EM −50.0 points") {
		t.Errorf("conclusion: %s", c)
	}
}

func TestConclusionClaimsNoMoreThanShown(t *testing.T) {
	in := input()
	for i := range in.Result.Test.Best {
		in.Result.Test.Seed[i] = rollout(float64(i%2), 1)
		in.Result.Test.Best[i] = in.Result.Test.Seed[i]
	}
	in.Result.Test.Best[0] = rollout(1, 1)
	c := summarize(t, in).Test.Conclusion
	if !strings.Contains(c, "not shown to be better: EM +5.0 points") || strings.Contains(c, " is better") {
		t.Errorf("conclusion: %s", c)
	}
	if !strings.Contains(c, "80 % power only from") {
		t.Errorf("nothing says what the test set could have shown: %s", c)
	}
	in.Result.Best = &in.Result.Pool[0]
	if c := summarize(t, in).Test.Conclusion; !strings.Contains(c, "stays as it was") {
		t.Errorf("conclusion where the base won: %s", c)
	}
}

func TestTextFitsItsWidth(t *testing.T) {
	in := input()
	in.Options.Objectives = nil
	s := summarize(t, in)
	for width := 76; width <= 130; width += 6 {
		for _, color := range []bool{false, true} {
			got := text(t, s, report.TextOptions{Width: width, Color: color})
			if strings.Contains(got, "\x1b") != color {
				t.Errorf("width %d, color %v: escape sequences: %v", width, color, !color)
			}
			for line := range strings.Lines(stripColor(got)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("width %d: %d columns: %q", width, n, line)
				}
			}
		}
	}
	if plain, colored := text(t, s, report.TextOptions{}), stripColor(text(t, s, report.TextOptions{Color: true})); plain != colored {
		t.Errorf("colour changes the text:\n%s", cmp.Diff(plain, colored))
	}
}

func stripColor(s string) string {
	for {
		start := strings.Index(s, "\x1b[")
		if start < 0 {
			return s
		}
		s = s[:start] + s[start+strings.IndexByte(s[start:], 'm')+1:]
	}
}

// Every field of the object must be in the document that promises it.
func TestDocumentNamesEveryField(t *testing.T) {
	doc, err := os.ReadFile("../docs/formats/cli-json.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(typ.Elem())
		case reflect.Struct:
			if seen[typ] || reflect.PointerTo(typ).Implements(reflect.TypeFor[json.Marshaler]()) {
				return
			}
			seen[typ] = true
			for f := range typ.Fields() {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name != "" && !strings.Contains(string(doc), name+"`") && !strings.Contains(string(doc), name+".") {
					t.Errorf("docs/formats/cli-json.md does not name %q of %s", name, typ)
				}
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[report.Summary]())
	if len(seen) < 10 {
		t.Fatalf("only %d types were looked at", len(seen))
	}
}

func TestNotes(t *testing.T) {
	in := input()
	budget := gepa.Budget{Proposals: 4, Rollouts: 500, Time: time.Hour}
	state := gepa.NewState()
	n := report.NewNotes(state)
	var notes, left []string
	var pace report.Pace
	headed := false
	opts := gepa.Options{
		Budget: budget, Minibatch: 2, MaxMerges: -1, Concurrency: 1,
		Proposer: proposer{"1:good", "2:", "3:bad", "4:good again"},
		Observers: []gepa.Observer{{Event: func(e gepa.Event) {
			if err := state.Apply(e); err != nil {
				t.Error(err)
			}
			pace.Note(state, e)
			if note, ok := n.Note(e); ok {
				d, known := pace.Left(state, budget, time.Minute)
				left = append(left, fmt.Sprint(d.Round(time.Second), known))
				if _, is := e.(gepa.ProposalCommitted); is && !headed {
					headed = true
					notes = append(notes, n.Header())
				}
				notes = append(notes, note.Text)
			}
		}}},
	}
	if _, err := gepa.Optimize(t.Context(), lengthSystem{}, in.Data, opts); err != nil {
		t.Fatal(err)
	}
	golden(t, "notes.txt", strings.Join(notes, "\n")+"\n\n"+strings.Join(left, "\n")+"\n")
}

// proposer writes its n-th text for the n-th proposal; an empty one is refused.
type proposer []string

func (p proposer) Propose(_ context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	name := req.Components[0]
	_, text, _ := strings.Cut(p[req.Proposal-1], ":")
	if text == "" {
		return gepa.Reflection{Refused: name + ": the reply could not be used: it is empty"}, nil
	}
	return gepa.Reflection{Texts: map[string]string{name: text}}, nil
}

// lengthSystem scores a candidate by how long its texts are; "bad" scores 0.
type lengthSystem struct{}

func (lengthSystem) Components() []gepa.Component {
	return []gepa.Component{{Name: "reason", Text: "a"}, {Name: "verify", Text: "b"}}
}

func (lengthSystem) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	n := 0
	for _, text := range job.Candidate {
		if text == "bad" {
			return gepa.Rollout{}, nil
		}
		n += len(text)
	}
	return gepa.Rollout{Score: float64(n) / 100, Usage: gepa.Usage{Calls: 1, InputTokens: 1000}}, nil
}

// Whatever a model wrote, a page on the terminal only shows it.
func TestTextIsHarmless(t *testing.T) {
	const evil = "\x1b[2J\x1b]0;title\a\x1b[31mred\u202e\x9b1A\r"
	in := input()
	in.Components[0].Text = evil + "\nsecond line"
	s, err := report.Summarize(in)
	if err != nil {
		t.Fatal(err)
	}
	s.Program, s.Stop.Detail = evil, evil
	for _, color := range []bool{false, true} {
		var b strings.Builder
		if err := s.Text(&b, report.TextOptions{Color: color}); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"\x1b[2J", "\x1b]", "\a", "\r", "\u202e", "\u009b"} {
			if strings.Contains(b.String(), bad) {
				t.Errorf("colours %v: %q comes through", color, bad)
			}
		}
		if !strings.Contains(b.String(), "␛[2J") {
			t.Errorf("colours %v: the text is not shown:\n%s", color, b.String())
		}
		if !color && strings.Contains(b.String(), "\x1b") {
			t.Error("an escape sequence without colours")
		}
		for line := range strings.SplitSeq(b.String(), "\n") {
			if i := strings.LastIndex(line, "\x1b["); i >= 0 && !strings.HasPrefix(line[i:], "\x1b[0m") {
				t.Errorf("a style is left open: %q", line)
			}
		}
	}
}
