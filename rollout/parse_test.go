package rollout

import (
	"encoding/json"
	"math"
	"path"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
)

func FuzzParseLine(f *testing.F) {
	for _, s := range []string{
		``, `{`, `{"type":"reply","id":"1"}`, `words {"type":"hello"}`, `{"type":"reply","id":1}`, `[]`, `{"type" :"reply"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		kind, _, message := parseLine(line)
		if (kind == "") != (message == nil) {
			t.Fatalf("type %q with message %q", kind, message)
		}
		if message != nil && !json.Valid(message) {
			t.Fatalf("the message %q is not JSON", message)
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, s := range []string{
		`{"score":1}`, `{"output":{"a":[1]},"feedback":{"by_component":{"a":"b"}}}`, `{"trace":[{"component":"a","inputs":3}]}`,
		`{"usage":{"calls":1,"cost_usd":1e300}}`, `{"error":"x","fatal":true}`, `{"problem":"x"}`, `[]`, "{\"output\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Scoring{}.rollout(t.Context(), gepa.Job{}, data)
		if err != nil {
			return
		}
		if math.IsNaN(r.Score) || math.IsInf(r.Score, 0) {
			t.Fatalf("the score is %v", r.Score)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		rec := gepa.Record{Kind: "x", Data: text}
		if err := rec.Validate(); err != nil {
			t.Fatalf("the rollout cannot be journaled: %v", err)
		}
		// What was read can be said, and read again.
		again, err := replyTo("1", r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.rollout(); err != nil {
			t.Fatalf("%+v cannot be read back: %v", again, err)
		}
	})
}

func FuzzScore(f *testing.F) {
	f.Add(`score: (\S+)`, "score: 1")
	f.Add(`/a/0`, "x\n{\"a\":[1]}")
	f.Add(`/~1~0`, "[[[")
	f.Fuzz(func(t *testing.T, pattern, output string) {
		p, err := ParsePattern(pattern)
		if err != nil || p == (Pattern{}) {
			return
		}
		finder, err := p.compile()
		if err != nil {
			t.Fatalf("%+v was parsed and cannot be compiled: %v", p, err)
		}
		score, _, err := finder.find(output)
		if err == nil && (math.IsNaN(score) || math.IsInf(score, 0)) {
			t.Fatalf("the score is %v", score)
		}
	})
}

func FuzzCases(f *testing.F) {
	f.Add([]byte("a\nb\n"))
	f.Add([]byte(`{"case":"x","set":"test"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		cases, err := parseCases(text)
		if err != nil {
			return
		}
		a := Artefact{cases: cases, command: &Command{opts: CommandOptions{Components: []gepa.Component{{Name: "f"}}}}}
		if err := a.Data().Validate(); err != nil {
			t.Fatalf("a run would refuse the data: %v", err)
		}
	})
}

// Files' names stay in the folder and tell components apart.
func TestFileNames(t *testing.T) {
	name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[./a%]{1,8}`))
	rapid.Check(t, func(r *rapid.T) {
		a, b := name.Draw(r, "a"), name.Draw(r, "b")
		fa, fb := fileName(a), fileName(b)
		if a != b && fa == fb {
			r.Fatalf("%q and %q are both in %q", a, b, fa)
		}
		if a != "" && (!filepath.IsLocal(filepath.FromSlash(fa)) || path.Clean(fa) != fa || fa == ".") {
			r.Fatalf("%q is in %q", a, fa)
		}
	})
}
