package config

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/rollout"
)

// polite is a service whose one text should say please.
type polite struct{}

func (polite) Components() []gepa.Component {
	return []gepa.Component{{Name: "reply", Text: "Say hello."}}
}

func (polite) Run(_ context.Context, job gepa.Job) (gepa.Rollout, error) {
	r := gepa.Rollout{Score: 0.2, Output: gepa.NewFields("answer", "x")}
	r.Trace = []gepa.Step{{Component: "reply", Inputs: job.Example.Inputs, Outputs: r.Output}}
	r.Feedback.ByComponent = map[string]string{"reply": "Rude.\nHint: Say please."}
	if strings.Contains(job.Candidate["reply"], "Say please.") {
		r.Score = 1
	}
	return r, nil
}

const webhook = `version: 1
models: {reflection: sim}
system:
  webhook:
    url: %s
    secret_env: HOOK_SECRET
data: {train: train.jsonl, test: test.jsonl, form: hotpotqa, limit: 12}
search: {minibatch: 2}
budget: {iterations: 3}
output: {folder: out}
`

func TestWebhook(t *testing.T) {
	server := httptest.NewServer(rollout.Handler(polite{}, rollout.ServeOptions{Secret: "s3cret-of-the-hook"}))
	defer server.Close()
	path := project(t, fmt.Sprintf(webhook, server.URL))
	if err := build(t, path); err == nil || !strings.Contains(err.Error(), "system.webhook.secret_env: the environment variable HOOK_SECRET is not set") {
		t.Errorf("without the secret: %v", err)
	}
	l, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := l.Optimize()
	o.Getenv = func(name string) string { return map[string]string{"HOOK_SECRET": "s3cret-of-the-hook"}[name] }
	do := func(o Optimize) {
		t.Helper()
		r, err := o.Build(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Do(t.Context())
		if cerr := r.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
		if strings.Contains(r.settings, "s3cret") {
			t.Error("the journal keeps the secret")
		}
		winner, err := os.ReadFile(filepath.Join(o.Out, CandidateFile))
		if err != nil || !strings.Contains(string(winner), "Say please.") {
			t.Errorf("the winner is %s (%v)", winner, err)
		}
	}
	do(o)
	kept, err := Stored(t.Context(), o.Out)
	if err != nil {
		t.Fatal(err)
	}
	kept.Getenv, kept.Iterations = o.Getenv, 5
	do(kept)
}
