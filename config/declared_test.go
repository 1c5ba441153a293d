package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
)

// sent keeps what a model was sent.
type sent struct {
	lm.Model
	messages [][]lm.Message
}

func (s *sent) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	s.messages = append(s.messages, req.Messages)
	return s.Model.Complete(ctx, req)
}

// The template's declared program sends, byte by byte, what the built-in one
// sends, and returns what it returns.
func TestDeclaredHotpotQAIsTheBuiltInOne(t *testing.T) {
	dir := t.TempDir()
	if _, err := Init("hotpotqa", dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, system, _ := strings.Cut(string(text), "\nsystem:\n")
	system, _, _ = strings.Cut(system, "\n\n")
	if n := strings.Count(system, "\n") + 1; n > 20 {
		t.Errorf("the program takes %d lines", n)
	}
	l, err := Load(filepath.Join(dir, FileName), nil)
	if err != nil {
		t.Fatal(err)
	}
	declared, err := l.Optimize().declared()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hotpotqa.New().Components(), declared.Components()); diff != "" {
		t.Fatalf("components (-built in +declared):\n%s", diff)
	}
	examples, err := dataset.HotpotQA(filepath.Join(dir, "data", "train.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(p *program.Program) ([][]lm.Message, []gepa.Fields) {
		model := &sent{Model: sim.New(sim.Options{})}
		var outputs []gepa.Fields
		for _, ex := range examples[:20] {
			out, err := p.Run(t.Context(), program.Runtime{Model: model}, nil, ex.Inputs)
			if err != nil {
				t.Fatal(err)
			}
			outputs = append(outputs, out.Output)
		}
		return model.messages, outputs
	}
	wantSent, want := run(hotpotqa.New())
	gotSent, got := run(declared)
	if diff := cmp.Diff(wantSent, gotSent); diff != "" {
		t.Errorf("messages (-built in +declared):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs (-built in +declared):\n%s", diff)
	}
}
