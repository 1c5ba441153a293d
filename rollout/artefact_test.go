//go:build unix

package rollout_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/rollout"
)

// tinkerer mends one thing about a regular expression at a time, by the cases
// that the command says are wrong.
type tinkerer struct{ file string }

func (p tinkerer) Propose(ctx context.Context, req gepa.ReflectRequest) (gepa.Reflection, error) {
	call, err := req.Memo.Do(ctx, gepa.CallKey{Role: gepa.RoleReflection}, func(context.Context) (gepa.Call, error) {
		re := req.Candidate[p.file]
		for _, x := range req.Examples {
			for line := range strings.Lines(x.Rollout.Feedback.Text) {
				wrong, ok := strings.CutPrefix(strings.TrimSpace(line), "wrong: ")
				if !ok {
					continue
				}
				switch { // one step, for one kind of mistake
				case !strings.Contains(re, "-") && (wrong == "-20261123" || strings.Count(wrong, "-") > 0):
					re = strings.Replace(re, `\d+`, `\d+-\d+-\d+`, 1)
				case wrong == "-26-11-23" && !strings.Contains(re, "{4}"):
					re = strings.Replace(re, `\d+`, `\d{4}`, 1)
				case wrong == "-2026-1-2" && strings.Contains(re, `-\d+`):
					re = strings.Replace(re, `-\d+`, `-\d{2}`, 1)
				case strings.HasPrefix(wrong, "-a") && re[0] != '^':
					re = "^" + re
				case strings.HasSuffix(wrong, "b") && !strings.HasSuffix(re, "$"):
					re += "$"
				default:
					continue
				}
				return gepa.Call{Exchange: gepa.Exchange{Reply: re}}, nil
			}
		}
		return gepa.Call{Exchange: gepa.Exchange{Reply: "(" + re}}, nil // no idea: something broken
	})
	return gepa.Reflection{Texts: map[string]string{p.file: call.Text()}}, err
}

// A regular expression gets better step by step with no data at all: by cases
// that the command lists, and by one measurement of everything.
func TestArtefactIsOptimized(t *testing.T) {
	for _, listed := range []bool{true, false} {
		t.Run(fmt.Sprintf("listed %v", listed), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "date.re")
			if err := os.WriteFile(file, []byte(`\d+`), 0o600); err != nil {
				t.Fatal(err)
			}
			opts := rollout.ArtefactOptions{Files: []string{file}, Exec: self(t, "regexp"), Score: rollout.Pattern{Regexp: `^score: (\S+)`}}
			if listed {
				opts.List = opts.Exec
				opts.List.Argv = append(slices.Clone(opts.List.Argv), "--list")
			}
			sys, err := rollout.NewArtefact(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			res, err := gepa.Optimize(t.Context(), sys, sys.Data(), gepa.Options{
				Proposer: tinkerer{"date.re"}, Budget: gepa.Budget{Proposals: 40, TargetScore: 1},
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := `^\d{4}-\d{2}-\d{2}$`; res.Best.Mean != 1 && res.Best.Texts["date.re"] != want {
				t.Errorf("the best is %s with %.2f, want %s with 1", res.Best.Texts["date.re"], res.Best.Mean, want)
			}
			if len(res.Pool) < 4 {
				t.Errorf("%d candidates: it did not go step by step", len(res.Pool))
			}
		})
	}
}
