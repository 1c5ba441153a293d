package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gepa-go/gepa/program"
)

// kinds returns the names of the fields that are set.
func (s System) kinds() []string {
	var out []string
	for _, k := range []struct {
		name string
		set  bool
	}{
		{"builtin", s.Builtin != ""}, {"program", s.Program != nil}, {"worker", s.Worker != nil},
		{"command", s.Command != nil}, {"webhook", s.Webhook != nil}, {"artefact", s.Artefact != nil},
	} {
		if k.set {
			out = append(out, k.name)
		}
	}
	return out
}

// systemKinds are the keys of a system.
//
//nolint:gochecknoglobals // never changes
var systemKinds = []string{"builtin", "program", "worker", "command", "webhook", "artefact"}

// isProgram reports whether the models of the run play the system's modules.
func (s System) isProgram() bool { return s.Builtin != "" || s.Program != nil }

// name returns what the system is called.
func (s System) name() string {
	if s.Builtin != "" {
		return s.Builtin
	}
	return strings.Join(s.kinds(), "+")
}

// An atError is one about a key of a gepa.yaml.
type atError struct {
	path string
	error
}

func (e atError) Unwrap() []error { return []error{e.error, ErrUsage} }

func atf(path, format string, args ...any) error { return atError{path, fmt.Errorf(format, args...)} }

// Error names the key, for those who configure in Go.
func (e atError) Error() string { return e.path + ": " + e.error.Error() }

// check refuses a system that is none or several, and what its kind needs and
// does not have.
func (s System) check() error {
	switch kinds := s.kinds(); {
	case len(kinds) == 0:
		return atf("system", "it is missing: give one of %s, or --program hotpotqa", orWords(systemKinds))
	case len(kinds) > 1:
		return atf("system", "%s are given: keep one of them", strings.Join(kinds, " and "))
	}
	type need struct {
		path  string
		there bool
		what  string
	}
	var needs []need
	var specs []ComponentSpec
	var at string
	switch {
	case s.Worker != nil:
		needs, specs, at = []need{{"worker.command", len(s.Worker.Command) > 0, "the worker program and its arguments"}}, s.Worker.Components, "worker"
	case s.Command != nil:
		needs, specs, at = []need{
			{"command.command", len(s.Command.Command) > 0, "the program to run and its arguments"},
			{"command.components", len(s.Command.Components) > 0, "the texts to optimize, each with name and text or file"},
		}, s.Command.Components, "command"
	case s.Webhook != nil:
		needs, specs, at = []need{{"webhook.url", s.Webhook.URL != "", "the address that requests are posted to"}}, s.Webhook.Components, "webhook"
	case s.Artefact != nil:
		needs = []need{
			{"artefact.files", len(s.Artefact.Files) > 0, "the files to improve"},
			{"artefact.command", len(s.Artefact.Command) > 0, "the command that measures them"},
		}
	}
	for _, n := range needs {
		if !n.there {
			return atf("system."+n.path, "it is missing: give %s", n.what)
		}
	}
	for i, c := range specs {
		path := fmt.Sprintf("system.%s.components[%d]", at, i)
		switch {
		case c.Name == "":
			return atf(path+".name", "it is missing: give the component a name")
		case slices.ContainsFunc(specs[:i], func(d ComponentSpec) bool { return d.Name == c.Name }):
			return atf(path+".name", "two components are called %q: rename one", c.Name)
		case c.Text == "":
			return atf(path, "the text of %q is missing: give text or file", c.Name)
		}
	}
	return nil
}

// absolute returns the system with absolute folders, as a journal keeps it.
func (s System) absolute() (System, error) {
	var errs []error
	abs := func(dir string) string {
		full, err := filepath.Abs(cmp.Or(dir, "."))
		errs = append(errs, err)
		return full
	}
	if s.Worker != nil {
		w := *s.Worker
		w.Dir, s.Worker = abs(w.Dir), &w
	}
	if s.Command != nil {
		c := *s.Command
		c.Dir, s.Command = abs(c.Dir), &c
	}
	if s.Artefact != nil {
		a := *s.Artefact
		a.Dir, s.Artefact = abs(a.Dir), &a
	}
	return s, errors.Join(errs...)
}

// identity returns what gives the system its meaning, but for its texts, which
// the engine compares itself, and for limits.
func (s System) identity() string {
	switch {
	case s.Builtin != "":
		return s.Builtin
	case s.Worker != nil:
		return "worker " + strings.Join(s.Worker.Command, " ")
	case s.Command != nil:
		return "command " + strings.Join(s.Command.Command, " ") + scored(s.Command.Score)
	case s.Webhook != nil:
		return "webhook"
	case s.Artefact != nil:
		return "artefact " + strings.Join(s.Artefact.Command, " ") + scored(s.Artefact.Score)
	}
	var parts []string
	for _, m := range s.Program.Modules {
		var part strings.Builder
		part.WriteString(m.Name + " (" + cmp.Or(m.Kind, program.KindPredict) + ") " + m.Signature)
		if m.When != "" {
			part.WriteString(" when " + m.When)
		}
		if m.Repeat != nil {
			fmt.Fprintf(&part, " repeat %d from %s until %s", m.Repeat.Times, m.Repeat.From, m.Repeat.Until)
		}
		for _, name := range slices.Sorted(maps.Keys(m.Descriptions)) {
			fmt.Fprintf(&part, ", %s is %q", name, m.Descriptions[name])
		}
		if len(m.Optimize) > 0 {
			part.WriteString(" optimizes " + strings.Join(m.Optimize, ", "))
		}
		if len(m.Demos) > 0 {
			raw, err := json.Marshal(m.Demos)
			part.WriteString(" demos " + string(raw) + errorText(err))
		}
		parts = append(parts, part.String())
	}
	return "program: " + strings.Join(append(parts, strings.Join(s.Program.Outputs, ", ")), "; ")
}

func scored(pattern string) string {
	if pattern == "" {
		return ""
	}
	return " scored by " + pattern
}
