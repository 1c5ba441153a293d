package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/sim"
)

// TestMain makes this binary the command gepa, too, for the scripts and for
// the tests that start processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gepa": main, "gepa-small-disk": smallDisk, "stubborn": stubborn})
}

// TestScripts runs testdata/script/*.txtar with the real command. Beside what
// testscript knows, a script has
//
//   - train.jsonl and dev.jsonl, small sets in HotpotQA's form, and broken
//     ones made from them;
//   - an HTTP server in the OpenAI dialect at $SERVER that answers as the
//     simulated model does, and OPENAI_API_KEY for it;
//   - exits CODE PROGRAM ARG...: runs a program and checks its exit code;
//   - one: the last program wrote exactly one line on standard error;
//   - sent MIN MAX: the server was asked between MIN and MAX times;
//   - spoil FROM TO LINE OLD NEW: copies a file and replaces OLD by NEW in one
//     line; -1 drops the last line, -2 half of it, 0 adds NEW at the end;
//   - none PATTERN: no file is called so;
//   - down: the server answers every request with status 500.
func TestScripts(t *testing.T) {
	var few []string
	if testing.Short() {
		for _, name := range []string{"optimize", "runs", "server"} {
			few = append(few, "testdata/script/"+name+".txtar")
		}
	}
	dir := "testdata/script"
	if few != nil {
		dir = ""
	}
	testscript.Run(t, testscript.Params{
		Dir:   dir,
		Files: few,
		Setup: func(env *testscript.Env) error { return setUp(t, env) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "one": one, "sent": sent, "down": down, "spoil": spoil, "none": none,
		},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// server is a script's model server.
type server struct {
	*lmtest.Server
	mu     sync.Mutex
	broken bool
}

type serverKey struct{}

func setUp(t *testing.T, env *testscript.Env) error {
	s := &server{}
	answer := lmtest.FromModel(sim.New(sim.Options{}))
	s.Server = lmtest.NewServer(t, func(ctx context.Context, r lmtest.Request) lmtest.Answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.broken {
			return lmtest.Answer{Status: 500, Text: "the engine is on fire"}
		}
		return answer(ctx, r)
	})
	env.Values[serverKey{}] = s
	env.Setenv("SERVER", s.URL())
	env.Setenv("OPENAI_API_KEY", "sk-not-a-real-key-0123456789")
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
	env.Setenv("TERM", "xterm-256color")
	return writeData(env.WorkDir)
}

// writeData writes the small sets.
func writeData(dir string) error {
	train, dev := bytes.SplitAfter(demodata.Train(), []byte("\n")), bytes.SplitAfter(demodata.Dev(), []byte("\n"))
	join := func(lines ...[]byte) []byte { return bytes.Join(lines, nil) }
	for name, data := range map[string][]byte{
		"train.jsonl":     join(train[:24]...),
		"val.jsonl":       join(train[30:36]...),
		"dev.jsonl":       join(dev[:12]...),
		"broken.jsonl":    join(train[0], train[1], []byte("{\"id\": \n")),
		"unanswered.json": bytes.Replace(join(train[0], train[1]), []byte(`"answer"`), []byte(`"reply"`), 1),
		"empty.jsonl":     []byte("\n"),
		"overlap.jsonl":   join(dev[20], train[3]),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func one(ts *testscript.TestScript, _ bool, _ []string) {
	if text := ts.ReadFile("stderr"); strings.Count(text, "\n") != 1 {
		ts.Fatalf("want one line on standard error, got:\n%s", text)
	}
}

func sent(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sent MIN MAX")
	}
	least, err := strconv.Atoi(args[0])
	ts.Check(err)
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n := len(serverOf(ts).Requests()); n < least || n > most {
		ts.Fatalf("the server was asked %d times, want %d to %d", n, least, most)
	}
}

func serverOf(ts *testscript.TestScript) *server {
	s, ok := ts.Value(serverKey{}).(*server)
	if !ok {
		ts.Fatalf("the script has no server")
	}
	return s
}

func down(ts *testscript.TestScript, neg bool, _ []string) {
	s := serverOf(ts)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = !neg
}

func spoil(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 5 {
		ts.Fatalf("usage: spoil FROM TO LINE OLD NEW")
	}
	lines := strings.SplitAfter(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	at, err := strconv.Atoi(args[2])
	ts.Check(err)
	last := len(lines) - 1
	switch {
	case at == 0:
		lines = append(lines, "\n"+args[4]+"\n")
	case at == -1:
		lines = lines[:last]
	case at == -2:
		lines[last] = lines[last][:len(lines[last])/2]
	case !strings.Contains(lines[at-1], args[3]):
		ts.Fatalf("line %d does not hold %q:\n%.300s", at, args[3], lines[at-1])
	default:
		lines[at-1] = strings.Replace(lines[at-1], args[3], args[4], 1)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(lines, "")), 0o644))
}

func none(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) > 0 {
		ts.Fatalf("there are %v", found)
	}
}

// long skips a test of a page or a campaign in short runs: under the race
// detector they take minutes, and what they run is run by others, too.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED, NOT TESTED: it takes long; run without -short")
	}
}
