package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
	"github.com/gepa-go/gepa/rollout"
)

// A System says what is optimized. Exactly one field is set.
type System struct {
	// Builtin names a program of [Programs].
	Builtin  string        `json:"builtin,omitempty" flag:"program" enum:"hotpotqa" jsonschema:"a program that is built in"`
	Program  *ProgramSpec  `json:"program,omitempty" jsonschema:"modules that run one after the other, wired by field name"`
	Worker   *WorkerSpec   `json:"worker,omitempty" jsonschema:"processes that speak the worker protocol (docs/formats/worker.md)"`
	Command  *CommandSpec  `json:"command,omitempty" jsonschema:"a command that is run once for each rollout"`
	Webhook  *WebhookSpec  `json:"webhook,omitempty" jsonschema:"a service that speaks the worker protocol over HTTP"`
	Artefact *ArtefactSpec `json:"artefact,omitempty" jsonschema:"files and a command that measures them; there is no data set"`
}

// Shorthand says that a built-in program may be given by its name.
func (System) Shorthand() string { return "builtin" }

// A Text is given as it is, or by the name of a file.
type Text struct {
	Text string `json:"text,omitempty" jsonschema:"the text"`
	File string `json:"file,omitempty" jsonschema:"a file that holds it, relative to this file; front matter between lines of --- is left out"`
}

// Shorthand says that a text may be given as it is.
func (Text) Shorthand() string { return "text" }

// ComponentSpec is a text that is optimized.
type ComponentSpec struct {
	Name string `json:"name" jsonschema:"the component's name"`
	Text string `json:"text,omitempty" jsonschema:"its starting text"`
	File string `json:"file,omitempty" jsonschema:"or a file that holds it, relative to this file; front matter between lines of --- is left out"`
}

// ProgramSpec is a [program.Declaration].
type ProgramSpec struct {
	Inputs  Strings      `json:"inputs,omitempty" default:"what modules need and none gives" jsonschema:"the program's inputs"`
	Modules []ModuleSpec `json:"modules" jsonschema:"the modules, in the order in which they run"`
	Outputs Strings      `json:"outputs,omitempty" default:"those of all modules" jsonschema:"the fields that the program returns"`
}

// ModuleSpec is a [program.ModuleDeclaration].
type ModuleSpec struct {
	Name         string            `json:"name" jsonschema:"the module's name"`
	Kind         string            `json:"kind,omitempty" enum:"predict,chain_of_thought" default:"predict" jsonschema:"chain_of_thought reasons before it answers"`
	Signature    string            `json:"signature" jsonschema:"fields in and out, as in: question, context: list[str] -> answer"`
	Instructions Text              `json:"instructions,omitzero" default:"Given the fields …, produce the fields …" jsonschema:"the text that is optimized, or {file: …}"`
	Descriptions map[string]string `json:"descriptions,omitempty" jsonschema:"what fields of the signature are, by name"`
	When         string            `json:"when,omitempty" default:"always" jsonschema:"an expression over the fields: the module is left out where it is not true"`
	Repeat       *RepeatSpec       `json:"repeat,omitempty" default:"once" jsonschema:"run the module, and those from another one on, again"`
}

// RepeatSpec is a [program.Repeat].
type RepeatSpec struct {
	Times int    `json:"times" min:"2" jsonschema:"most rounds in all, 2 or more"`
	Until string `json:"until,omitempty" default:"all rounds" jsonschema:"an expression over the fields that ends the rounds"`
	From  string `json:"from,omitempty" default:"the module itself" jsonschema:"the module to go back to"`
}

// WorkerSpec is [rollout.WorkersOptions].
type WorkerSpec struct {
	Command      Argv              `json:"command" jsonschema:"the worker program and its arguments"`
	Dir          string            `json:"dir,omitempty" default:"this file's folder" jsonschema:"the folder to run it in"`
	Env          map[string]string `json:"env,omitempty" jsonschema:"added to the environment; no place for keys, which workers inherit"`
	Workers      int               `json:"workers,omitempty" min:"1" default:"4" jsonschema:"most processes at once"`
	Components   []ComponentSpec   `json:"components,omitempty" default:"what the worker says" jsonschema:"the texts that are optimized"`
	TimeLimit    Duration          `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one rollout"`
	StartLimit   Duration          `json:"start_limit,omitempty" default:"1m" jsonschema:"time for a worker to start"`
	Crashes      int               `json:"crashes,omitempty" min:"1" default:"3" jsonschema:"so many crashes in a row are the program's failure"`
	FailureScore float64           `json:"failure_score,omitempty" default:"0" jsonschema:"score of a rollout that failed"`
}

// CommandSpec is [rollout.CommandOptions].
type CommandSpec struct {
	Command      Argv              `json:"command" jsonschema:"the program and its arguments, in which {candidate_dir}, {candidate} and {example} stand for paths"`
	Dir          string            `json:"dir,omitempty" default:"this file's folder" jsonschema:"the folder to run it in"`
	Env          map[string]string `json:"env,omitempty" jsonschema:"added to the environment; no place for keys, which commands inherit"`
	Components   []ComponentSpec   `json:"components" jsonschema:"the texts that are optimized"`
	Score        string            `json:"score,omitempty" default:"the exit status" jsonschema:"where the score is in the output: a regular expression with one group, or a JSON pointer"`
	TimeLimit    Duration          `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one rollout"`
	FailureScore float64           `json:"failure_score,omitempty" default:"0" jsonschema:"score of a rollout that failed"`
}

// WebhookSpec is [rollout.WebhookOptions].
type WebhookSpec struct {
	URL          string            `json:"url" jsonschema:"where requests are posted to"`
	SecretEnv    string            `json:"secret_env,omitempty" default:"not signed" jsonschema:"the environment variable with the secret that signs requests"`
	HeaderEnv    map[string]string `json:"header_env,omitempty" jsonschema:"headers whose values are in environment variables, for instance Authorization"`
	Components   []ComponentSpec   `json:"components,omitempty" default:"what the service says" jsonschema:"the texts that are optimized"`
	Concurrency  int               `json:"concurrency,omitempty" min:"1" default:"16" jsonschema:"most requests at once"`
	TimeLimit    Duration          `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one attempt"`
	Attempts     int               `json:"attempts,omitempty" min:"1" default:"5" jsonschema:"how often a request is tried"`
	FailureScore float64           `json:"failure_score,omitempty" default:"0" jsonschema:"score of a rollout that failed"`
}

// ArtefactSpec is [rollout.ArtefactOptions].
type ArtefactSpec struct {
	Files        Strings           `json:"files" jsonschema:"the files to improve; they are read and never written"`
	Command      Argv              `json:"command" jsonschema:"the command that measures them, in which {file}, {candidate_dir} and {case} stand for paths and the case"`
	Dir          string            `json:"dir,omitempty" default:"this file's folder" jsonschema:"the folder to run it in, and that files are in"`
	Env          map[string]string `json:"env,omitempty" jsonschema:"added to the environment; no place for keys, which commands inherit"`
	Cases        Argv              `json:"cases,omitempty" default:"one case" jsonschema:"a command that lists the cases, one a line"`
	Score        string            `json:"score,omitempty" default:"the exit status" jsonschema:"where the score is in the output: a regular expression with one group, or a JSON pointer"`
	TimeLimit    Duration          `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one measurement"`
	FailureScore float64           `json:"failure_score,omitempty" default:"0" jsonschema:"score of a text that the command fails on"`
	Noisy        bool              `json:"noisy,omitempty" default:"false" jsonschema:"the command does not say the same every time"`
}

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

// A subject is a system that is ready to run.
type subject struct {
	system  gepa.System
	program *program.Program // nil if it is none
	data    *gepa.Data       // an artefact's own
	close   func()
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

// subject makes the system.
func (o Optimize) subject(ctx context.Context, task lm.Model, m measured) (subject, error) {
	s := o.System
	scoring := rollout.Scoring{Metric: m.metric, FailureObjectives: m.worst}
	var sub subject
	var err error
	switch {
	case s.isProgram():
		if sub.program, err = o.declared(); err != nil {
			return sub, err
		}
		sub.system = program.NewSystem(sub.program, task, m.metric, o.systemOptions(m))
		return sub, nil
	case s.Worker != nil:
		w := s.Worker
		scoring.FailureScore = w.FailureScore
		workers, err := rollout.StartWorkers(ctx, rollout.WorkersOptions{
			Exec: exec(w.Command, w.Dir, w.Env), Workers: w.Workers, Components: components(w.Components), Scoring: scoring,
			TimeLimit: time.Duration(w.TimeLimit), StartLimit: time.Duration(w.StartLimit), Crashes: w.Crashes, Logger: o.Logger,
		})
		if err != nil {
			return sub, atf("system.worker.command", "%w: check that %q runs", err, strings.Join(w.Command, " "))
		}
		sub.system, sub.close = workers, workers.Close
	case s.Command != nil:
		c := s.Command
		scoring.FailureScore = c.FailureScore
		pattern, err := pattern("system.command.score", c.Score)
		if err != nil {
			return sub, err
		}
		sub.system, err = rollout.NewCommand(rollout.CommandOptions{
			Exec: exec(c.Command, c.Dir, c.Env), Components: components(c.Components), Score: pattern, Scoring: scoring,
			TimeLimit: time.Duration(c.TimeLimit),
		})
		if err != nil {
			return sub, atf("system.command", "%w", err)
		}
	case s.Webhook != nil:
		if sub.system, err = o.webhook(ctx, scoring); err != nil {
			return sub, err
		}
	case s.Artefact != nil:
		a := s.Artefact
		pattern, err := pattern("system.artefact.score", a.Score)
		if err != nil {
			return sub, err
		}
		artefact, err := rollout.NewArtefact(ctx, rollout.ArtefactOptions{
			Files: a.Files, Dir: a.Dir, Exec: exec(a.Command, a.Dir, a.Env), List: exec(a.Cases, a.Dir, a.Env), Score: pattern,
			FailureScore: a.FailureScore, TimeLimit: time.Duration(a.TimeLimit), Noisy: a.Noisy,
		})
		if err != nil {
			return sub, atf("system.artefact", "%w", err)
		}
		data := artefact.Data()
		sub.system, sub.data = artefact, &data
	}
	return sub, nil
}

func (o Optimize) webhook(ctx context.Context, scoring rollout.Scoring) (gepa.System, error) {
	w := o.System.Webhook
	scoring.FailureScore = w.FailureScore
	header := http.Header{}
	read := func(path, name string) (string, error) {
		value := o.Getenv(name)
		if value == "" {
			return "", atf(path, "the environment variable %s is not set: set it, or take the key out", name)
		}
		return value, nil
	}
	for _, name := range slices.Sorted(maps.Keys(w.HeaderEnv)) {
		value, err := read("system.webhook.header_env."+name, w.HeaderEnv[name])
		if err != nil {
			return nil, err
		}
		header.Set(name, value)
	}
	secret := ""
	if w.SecretEnv != "" {
		var err error
		if secret, err = read("system.webhook.secret_env", w.SecretEnv); err != nil {
			return nil, err
		}
	}
	hook, err := rollout.NewWebhook(ctx, rollout.WebhookOptions{
		URL: w.URL, Secret: secret, Header: header, Components: components(w.Components), Scoring: scoring,
		Concurrency: w.Concurrency, TimeLimit: time.Duration(w.TimeLimit), Attempts: w.Attempts,
	})
	if err != nil {
		return nil, atf("system.webhook.url", "%w: check that the service runs", err)
	}
	return hook, nil
}

// declared returns the program that is built in or declared.
func (o Optimize) declared() (*program.Program, error) {
	if o.System.Program == nil {
		return hotpotqa.New(), nil
	}
	p, err := o.declaration().New()
	if bad, ok := errors.AsType[*program.DeclarationError](err); ok {
		path := "system.program." + bad.Field
		if bad.Module >= 0 {
			path = fmt.Sprintf("system.program.modules[%d].%s", bad.Module, bad.Field)
		}
		return nil, atf(path, "%s", bad.Problem)
	}
	return p, err
}

func (o Optimize) declaration() program.Declaration {
	d := program.Declaration{Inputs: o.System.Program.Inputs, Outputs: o.System.Program.Outputs}
	for _, m := range o.System.Program.Modules {
		declared := program.ModuleDeclaration{
			Name: m.Name, Kind: m.Kind, Signature: m.Signature, Instructions: m.Instructions.Text, Descriptions: m.Descriptions, When: m.When,
		}
		if m.Repeat != nil {
			declared.Repeat = &program.Repeat{Times: m.Repeat.Times, Until: m.Repeat.Until, From: m.Repeat.From}
		}
		d.Modules = append(d.Modules, declared)
	}
	return d
}

func exec(argv []string, dir string, env map[string]string) rollout.Exec {
	e := rollout.Exec{Argv: argv, Dir: dir}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		e.Env = append(e.Env, name+"="+env[name])
	}
	return e
}

func components(specs []ComponentSpec) []gepa.Component {
	var out []gepa.Component
	for _, c := range specs {
		out = append(out, gepa.Component{Name: c.Name, Text: c.Text})
	}
	return out
}

func pattern(path, text string) (rollout.Pattern, error) {
	if text == "" {
		return rollout.Pattern{}, nil
	}
	p, err := rollout.ParsePattern(text)
	if err != nil {
		return p, atf(path, "%w", err)
	}
	return p, nil
}

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
