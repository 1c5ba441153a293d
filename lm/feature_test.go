package lm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gepa-go/gepa/lm"
)

func TestSplitThinking(t *testing.T) {
	tests := []struct {
		reply, text, thinking string
		open                  bool
	}{
		{"plain", "plain", "", false},
		{" kept as it is\n", " kept as it is\n", "", false},
		{"", "", "", false},
		{"<think>hm</think>yes", "yes", "hm", false},
		{"\n<think>\nhm\n</think>\n\nyes\n", "yes", "hm", false},
		{"<think></think>yes", "yes", "", false},
		{"<think>a</think><think>b</think>yes", "yes", "a\n\nb", false},
		{"<think>hm</think>", "", "hm", false},
		{"<think>hm", "", "hm", true},
		{"<think>a</think><think>b", "", "a\n\nb", true},
		{"hm\n</think>\nyes", "yes", "hm", false},
		{"hm\n </think> \nyes", "yes", "hm", false},
		{"never write </think> in a reply", "never write </think> in a reply", "", false},
		{"use <think>\nso\n</think>\nas tags", "use <think>\nso\n</think>\nas tags", "", false},
		{"yes <think>no</think>", "yes <think>no</think>", "", false},
		{"<thinking>hm</thinking>yes", "<thinking>hm</thinking>yes", "", false},
	}
	for _, tt := range tests {
		text, thinking, open := lm.SplitThinking(tt.reply)
		if text != tt.text || thinking != tt.thinking || open != tt.open {
			t.Errorf("SplitThinking(%q) = %q, %q, %v; want %q, %q, %v", tt.reply, text, thinking, open, tt.text, tt.thinking, tt.open)
		}
	}
}

func FuzzSplitThinking(f *testing.F) {
	f.Add("<think>a</think>b")
	f.Add("a\n</think>\nb")
	f.Fuzz(func(t *testing.T, reply string) {
		text, thinking, open := lm.SplitThinking(reply)
		if open && text != "" {
			t.Errorf("%q has a text and no end of thinking", reply)
		}
		if strings.HasPrefix(strings.TrimSpace(text), "<think>") {
			t.Errorf("%q: the text %q still thinks", reply, text)
		}
		if thinking == "" && !strings.Contains(reply, "think>") && text != reply {
			t.Errorf("%q became %q", reply, text)
		}
	})
}

func TestSchemaCheck(t *testing.T) {
	tests := []struct {
		schema lm.Schema
		says   string
	}{
		{lm.Schema{JSON: []byte(`{}`)}, ""},
		{lm.Schema{Name: "a_B-9", JSON: []byte(`{"type":"object"}`)}, ""},
		{lm.Schema{}, "empty"},
		{lm.Schema{JSON: []byte(`{`)}, "not a JSON object"},
		{lm.Schema{JSON: []byte(`[]`)}, "not a JSON object"},
		{lm.Schema{Name: "my form", JSON: []byte(`{}`)}, `holds ' '`},
		{lm.Schema{Name: strings.Repeat("x", 65), JSON: []byte(`{}`)}, "at most 64"},
	}
	for _, tt := range tests {
		err := tt.schema.Check()
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: got %v, want %q", tt.schema, err, tt.says)
		}
	}
}

type capable struct{ lm.Model }

func (capable) Supports(f lm.Feature) bool { return f == lm.FeatureSeed }

func TestSupportsSeesThroughWrappers(t *testing.T) {
	inner := capable{lm.Func(nil)}
	wrapped := lm.Named("n", lm.Timeout(lm.Retry(inner, lm.RetryOptions{}), time.Second))
	for _, f := range lm.Features() {
		if got := lm.Supports(wrapped, f); got != (f == lm.FeatureSeed) {
			t.Errorf("Supports(%s) = %v", f, got)
		}
		if lm.Supports(lm.Func(nil), f) || lm.Supports(nil, f) {
			t.Errorf("a model that does not say supports %s", f)
		}
	}
}

func TestProvidersWordOnRetries(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		kind lm.Kind
		word *bool
		want bool
	}{
		{lm.KindOverloaded, nil, true},
		{lm.KindOverloaded, &no, false},
		{lm.KindRateLimited, &no, false},
		{lm.KindBadRequest, &yes, true},
		{lm.KindBadRequest, nil, false},
		{lm.KindAuth, &yes, false},
		{lm.KindQuota, &yes, false},
		{lm.KindCancelled, &yes, false},
	}
	for _, tt := range tests {
		if got := (&lm.Error{Kind: tt.kind, ShouldRetry: tt.word}).Temporary(); got != tt.want {
			t.Errorf("%s, word %v: Temporary() = %v", tt.kind, tt.word, got)
		}
	}
}
