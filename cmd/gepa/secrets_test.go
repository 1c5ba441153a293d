package main

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/sim"
)

// A provider that repeats the key in its errors finds it nowhere: not on a
// screen, and not in a file that a run writes.
func TestKeyIsNowhere(t *testing.T) {
	const key = "Zq8xWv4711PlainKey" // of no form that gives it away
	answer := lmtest.FromModel(sim.New(sim.Options{}))
	s := lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		switch {
		case r.Number%5 == 1:
			return lmtest.Answer{Status: 503, Text: "no room for ", EchoKey: true, Header: http.Header{"Retry-After-Ms": {"1"}}}
		case r.Number == 33:
			return lmtest.Answer{Status: 400, Text: "this is not for ", EchoKey: true}
		}
		return answer(ctx, r)
	})
	dir := t.TempDir()
	if err := writeData(dir); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"doctor", "--model", "openai/m", "--base-url", s.URL()},
		{"doctor", "--model", "openai/m", "--base-url", s.URL(), "--json"},
		{
			"optimize", "--program", "hotpotqa", "--train", "train.jsonl", "--dev", "dev.jsonl", "--model", "openai/m",
			"--base-url", s.URL(), "--iterations", "3", "--minibatch", "3", "--val", "4", "--out", "run", "--record", "calls.jsonl",
			"--start", key + ".json",
		},
		{
			"optimize", "--program", "hotpotqa", "--train", "train.jsonl", "--dev", "dev.jsonl", "--model", "openai/m",
			"--base-url", s.URL(), "--iterations", "3", "--minibatch", "3", "--val", "4", "--out", "run", "--record", "calls.jsonl",
		},
	} {
		cmd := gepaCommand(t, dir, args...)
		cmd.Env = append(cmd.Env, "OPENAI_API_KEY="+key)
		out, _ := cmd.CombinedOutput() // some fail, as they should
		if bytes.Contains(out, []byte(key)) {
			t.Errorf("gepa %v shows the key:\n%s", args, out)
		}
		if args[0] == "optimize" && !bytes.Contains(out, []byte("[redacted]")) {
			t.Errorf("gepa %v had nothing to hide: the test tests nothing:\n%s", args, out)
		}
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte(key)) {
			t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil || files < 10 {
		t.Errorf("%d files, %v", files, err)
	}
}
