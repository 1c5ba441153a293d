package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/propose"
)

// metaConfig is the name under which a journal keeps a run's identity.
const metaConfig = "config"

// identity returns what gives the run its meaning, by flag: two commands with
// equal ones are the same run. Budgets, concurrency, addresses and names of
// files may change from one session to the next; what is in the files may not.
func (o Optimize) identity(r *Run, s sets, start *start) gepa.Fields {
	from := ""
	if start != nil {
		sum := sha256.Sum256(start.raw)
		from = "a saved program (" + hex.EncodeToString(sum[:])[:8] + ")"
	}
	f := []any{
		"program", o.System.identity(),
		"train", s.train,
		"val", s.val,
		"dev", s.dev,
		"model", r.Models.Task.Name,
		"reflection-model", r.Models.Reflection.Name,
		"judge-model", r.Models.Judge.Name,
		"feedback", o.feedback(),
		"template", orDefault(o.Template, propose.TemplateInstruction),
		"fence", o.fence(),
		"lint", o.lint(),
		"start", from,
		"seed", o.Seed,
	}
	if m := o.Metric.identity(); m != "" {
		f = append(f, "metric", m)
	}
	f = append(f, o.Proposing.identity(o.Prompt)...)
	if keep := o.System.keep(); len(keep) > 0 {
		f = append(f, "keep", keep)
	}
	f = append(f, searchIdentity(r.Options.WithDefaults())...)
	for prefix, p := range o.generation() {
		for _, given := range []struct {
			name  string
			value any
			set   bool
		}{
			{"temperature", p.Temperature, p.Temperature != nil},
			{"top-p", p.TopP, p.TopP != nil},
			{"max-tokens", p.MaxTokens, p.MaxTokens != 0},
			{"stop", p.Stop, len(p.Stop) > 0},
			{"model-seed", p.Seed, p.Seed != nil},
			{"reasoning-effort", p.ReasoningEffort, p.ReasoningEffort != ""},
		} {
			if given.set {
				f = append(f, prefix+given.name, given.value)
			}
		}
	}
	return gepa.NewFields(f...)
}

// An OtherRunError says that a folder holds a run that is not the one asked
// for.
type OtherRunError struct {
	Folder string
	// Differences say what differs, by flag.
	Differences []string
	// Resumed is set if it is the folder's own run that was asked for.
	Resumed bool
}

// Unwrap makes the error match ErrUsage.
func (e *OtherRunError) Unwrap() error { return ErrUsage }

func (e *OtherRunError) Error() string {
	if e.Resumed {
		return fmt.Sprintf("%s cannot go on, for that would change what the run means: %s; put back what it began with, or begin a new run",
			e.Folder, strings.Join(e.Differences, "; "))
	}
	return fmt.Sprintf("%s already holds another run: %s; give this one a folder of its own with --out, or go on with that one by gepa resume %s or its own command",
		e.Folder, strings.Join(e.Differences, "; "), e.Folder)
}

// withLines adds to differences of texts the first line that differs.
func (r *Run) withLines(differences []string) []string {
	began := r.fold.Story().State.Run()
	if began == nil {
		return differences
	}
	before, now := gepa.Seed(began.Components), gepa.Seed(r.System.Components())
	out := slices.Clone(differences)
	for i, d := range out {
		for name := range now {
			if _, known := before[name]; known && before[name] != now[name] && strings.HasPrefix(d, fmt.Sprintf("component %q ", name)) {
				out[i] += lineDifference(before[name], now[name])
			}
		}
	}
	return out
}

// lineDifference says which line of two texts is the first to differ, and how.
func lineDifference(before, after string) string {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	at := 0
	for at < min(len(was), len(is)) && was[at] == is[at] {
		at++
	}
	line := func(lines []string) string {
		if at >= len(lines) {
			return "not there"
		}
		const most = 60
		if text := []rune(lines[at]); len(text) > most {
			return fmt.Sprintf("%q", string(text[:most])+"…")
		}
		return fmt.Sprintf("%q", lines[at])
	}
	return fmt.Sprintf(" (line %d was %s and is %s)", at+1, line(was), line(is))
}

// differences compares the identity kept in a journal with the one asked for.
func differences(kept string, asked gepa.Fields) ([]string, error) {
	var was gepa.Fields
	if err := json.Unmarshal([]byte(kept), &was); err != nil {
		return nil, fmt.Errorf("read the run's configuration: %w", err)
	}
	names := asked.Names()
	for _, name := range was.Names() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var out []string
	for _, name := range names {
		before, after := shown(was, name), shown(asked, name)
		if before != after {
			out = append(out, fmt.Sprintf("--%s was %s and is now %s", name, before, after))
		}
	}
	return out, nil
}

// shown returns a value as a user would write it.
func shown(f gepa.Fields, name string) string {
	return orDefault(f.Text(name), "not given")
}
