//go:build unix

package process_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa/internal/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sh runs a script and returns its process and, once it is done, what it wrote.
func sh(t *testing.T, script string) (*process.Process, func() string) {
	t.Helper()
	var mu sync.Mutex
	var out bytes.Buffer
	read := func(r io.Reader) {
		process.Lines(r, 1<<20, func(line []byte, _ bool) {
			mu.Lock()
			defer mu.Unlock()
			out.Write(append(line, '\n'))
		})
	}
	p, err := process.Start(process.Options{Argv: []string{"/bin/sh", "-c", script}, Stdin: true, Stdout: read, Stderr: read})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, func() string {
		<-p.Done()
		mu.Lock()
		defer mu.Unlock()
		return out.String()
	}
}

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		script string
		want   process.End
		text   string
	}{
		{"exit 0", process.End{}, "exit status 0"},
		{"exit 7", process.End{Code: 7}, "exit status 7"},
		{"kill -KILL $$", process.End{Code: -1, Signal: "killed", Outside: true}, "signal: killed"},
		{"kill -TERM $$", process.End{Code: -1, Signal: "terminated", Outside: true}, "signal: terminated"},
		{"kill -ABRT $$", process.End{Code: -1, Signal: "aborted"}, "signal: aborted"},
	} {
		p, output := sh(t, c.script)
		output()
		if p.End() != c.want || p.End().String() != c.text {
			t.Errorf("%s: %+v (%v), want %+v", c.script, p.End(), p.End(), c.want)
		}
	}
}

func TestOutputIsReadToItsEnd(t *testing.T) {
	_, output := sh(t, "seq 100000; echo done >&2")
	if got := output(); len(strings.Fields(got)) != 100001 || !strings.Contains(got, "done") {
		t.Errorf("%d words", len(strings.Fields(got)))
	}
}

// One that holds the pipes open does not hold up the end; a session of its own
// is the way out of the group.
func TestEscapedChildHoldsNothingUp(t *testing.T) {
	began := time.Now()
	_, output := sh(t, "setsid sleep 3 & echo out; exit 0")
	if got := output(); got != "out\n" {
		t.Errorf("got %q", got)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestStop(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         process.End
		atMost       time.Duration
	}{
		{"ends with its input", "cat; exit 5", process.End{Code: 5}, time.Second},
		{"ends when asked", "exec sleep 60", process.End{Code: -1, Signal: "terminated", Outside: true}, time.Second},
		{"ends never", "trap '' TERM; while :; do sleep 1; done", process.End{Code: -1, Signal: "killed", Outside: true}, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, output := sh(t, "echo ready; "+c.script)
			began := time.Now()
			p.Stop(400 * time.Millisecond)
			if took := time.Since(began); took > c.atMost {
				t.Errorf("it took %v", took)
			}
			output()
			if c.name != "ends when asked" && p.End() != c.want {
				t.Errorf("it ended by %+v, want %+v", p.End(), c.want)
			}
			p.Kill() // does nothing to whoever has its number now
		})
	}
}

func TestStartFails(t *testing.T) {
	for _, o := range []process.Options{{}, {Argv: []string{""}}, {Argv: []string{"no/such/program"}, Stdin: true}} {
		if p, err := process.Start(o); err == nil {
			t.Errorf("%v started: %v", o.Argv, p.PID())
		}
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"a", "a|"},
		{"a\n\nb\r\n", "a||b|"},
		{"12345\n123456\nx", "12345|12345+|x|"},
		{strings.Repeat("x", 200000) + "\ny\n", "xxxxx+|y|"},
	} {
		var b strings.Builder
		process.Lines(strings.NewReader(c.in), 5, func(line []byte, cut bool) {
			b.Write(line)
			if cut {
				b.WriteByte('+')
			}
			b.WriteByte('|')
		})
		if b.String() != c.want {
			t.Errorf("%.20q: got %q, want %q", c.in, b.String(), c.want)
		}
	}
}

// Lines and their ends make the text again, however the reader cuts it.
func TestLinesLoseNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringMatching(`[ab\n]{0,50}`).Draw(r, "text")
		var got []string
		process.Lines(strings.NewReader(text), 100, func(line []byte, cut bool) {
			got = append(got, string(line))
			if cut {
				r.Fatal("a short line was cut")
			}
		})
		want := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if text == "" {
			want = nil
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			r.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestTail(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(r, "limit")
		tail, all := process.NewTail(limit), ""
		for _, part := range rapid.SliceOf(rapid.StringMatching(`[a-z]{0,12}`)).Draw(r, "parts") {
			if n, err := tail.Write([]byte(part)); n != len(part) || err != nil {
				r.Fatal(n, err)
			}
			all += part
		}
		since := rapid.IntRange(0, len(all)).Draw(r, "since")
		want := all[max(since, len(all)-limit):]
		if got := tail.Since(int64(since)); got != want || tail.Total() != int64(len(all)) {
			r.Fatalf("got %q of %d, want %q of %d", got, tail.Total(), want, len(all))
		}
	})
}
