package sim

import (
	"context"
	"testing"

	"github.com/gepa-go/gepa/lm"
)

func TestSameRequestSameReply(t *testing.T) {
	req := lm.Request{Messages: []lm.Message{{Role: "user", Content: "Who wrote it?"}}}
	a, err := New(Options{Seed: 3}).Complete(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := New(Options{Seed: 3}).Complete(context.Background(), req)
	if a.Text != b.Text {
		t.Errorf("replies differ: %q and %q", a.Text, b.Text)
	}
}
