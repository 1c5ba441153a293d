package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
	"github.com/gepa-go/gepa/rollout"
)

// A subject is a system that is ready to run.
type subject struct {
	system  gepa.System
	program *program.Program // nil if it is none
	data    *gepa.Data       // an artefact's own
	close   func()
}

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
			Exec: exec(w.Command, w.Dir, w.Env), Workers: w.Workers, Components: o.named(), Scoring: scoring,
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
			Exec: exec(c.Command, c.Dir, c.Env), Components: o.named(), Score: pattern, Scoring: scoring,
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
		found, err := a.texts(o.files)
		if err != nil {
			return sub, atf("system.artefact.files", "%w", err)
		}
		var texts []rollout.ArtefactText
		for _, t := range found {
			texts = append(texts, t.ArtefactText)
		}
		artefact, err := rollout.NewArtefact(ctx, rollout.ArtefactOptions{
			Texts: texts, Exec: exec(a.Command, a.Dir, a.Env), List: exec(a.Cases, a.Dir, a.Env), Score: pattern,
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
		URL: w.URL, Secret: secret, Header: header, Components: o.named(), Scoring: scoring,
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
			Optimize: m.Optimize,
		}
		for _, d := range m.Demos {
			declared.Demos = append(declared.Demos, d.fields())
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

// named returns the components that the configuration names, and for a run that
// goes on what its worker or service named when it began.
func (o Optimize) named() []gepa.Component {
	out := slices.Clone(o.components)
	for _, c := range o.System.specs() {
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
