package config

import (
	"errors"
	"strings"
	"time"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/openai"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/propose"
	"github.com/gepa-go/gepa/report"
)

// SimModel is the name of the simulated model.
const SimModel = "sim"

// callTimeout bounds one attempt of one call.
const callTimeout = 3 * time.Minute

// roles are the models of a run.
type roles struct {
	task, reflection, judge lm.Model
	names                   report.Models
}

func (o Optimize) models() (roles, error) {
	var r roles
	made := map[string]lm.Model{}
	for _, role := range []struct {
		flag, name string
		model      *lm.Model
		shown      *report.Model
	}{
		{"model", o.Model, &r.task, &r.names.Task},
		{"reflection-model", orDefault(o.ReflectionModel, o.Model), &r.reflection, &r.names.Reflection},
		{"judge-model", orDefault(o.JudgeModel, o.Model), &r.judge, &r.names.Judge},
	} {
		if role.flag == "judge-model" && o.feedback() == string(propose.FeedbackMetric) {
			if o.JudgeModel != "" {
				return r, usagef("--judge-model %s: no judge is asked with --feedback metric; choose judge or both", o.JudgeModel)
			}
			continue
		}
		if made[role.name] == nil {
			m, err := o.model(role.flag, role.name)
			if err != nil {
				return r, err
			}
			made[role.name] = m
		}
		*role.model = made[role.name]
		*role.shown = report.Model{Name: role.name, Simulated: role.name == SimModel}
	}
	return r, nil
}

// model returns the model of that name.
func (o Optimize) model(flag, name string) (lm.Model, error) {
	if name == SimModel {
		return sim.New(sim.Options{Seed: o.Seed}), nil
	}
	provider, rest := lm.ParseName(name)
	if _, known := openai.FindProvider(provider); !known || rest == "" {
		return nil, unknownModel(flag, name)
	}
	base := ""
	if own, _ := lm.ParseName(o.Model); own == provider {
		base = o.BaseURL
	}
	client, err := openai.New(openai.Config{Model: name, BaseURL: base, Getenv: o.Getenv})
	if err != nil {
		return nil, unusable(flag, name, err)
	}
	return lm.Retry(lm.Timeout(client, callTimeout), lm.RetryOptions{
		Attempts: o.Attempts,
		OnRetry: func(err *lm.Error, wait time.Duration) {
			o.Logger.Warn("a model call failed and is tried again", "error", err, "wait", wait.Round(100*time.Millisecond))
		},
	}), nil
}

// unusable says why a model cannot be used, without the words that are for
// failures of a provider.
func unusable(flag, name string, err error) error {
	if known, ok := errors.AsType[*lm.Error](err); ok {
		return usagef("--%s %s: %s", flag, name, known.Words)
	}
	return usagef("--%s: %w", flag, err)
}

// unknownModel says what is wrong with a model's name, and what it may have
// been meant to be.
func unknownModel(flag, name string) error {
	var providers []string
	for _, p := range openai.Providers() {
		providers = append(providers, p.Name)
	}
	provider, model := lm.ParseName(name)
	if provider == "" {
		hint := ""
		switch {
		case Nearest(name, []string{SimModel}) != "":
			hint = DidYouMean(name, []string{SimModel})
		case strings.HasPrefix(name, "gpt-"), len(name) > 1 && name[0] == 'o' && '0' <= name[1] && name[1] <= '9':
			hint = ` (did you mean "openai/` + name + `"?)`
		}
		return usagef("--%s %s: want provider/model, for instance openai/gpt-4.1-mini, or sim, the offline stand-in%s", flag, name, hint)
	}
	hint := ""
	if near := Nearest(provider, providers); near != "" && near != provider {
		hint = ` (did you mean "` + near + "/" + orDefault(model, "MODEL") + `"?)`
	}
	if model == "" {
		return usagef("--%s %s: the model's name is missing after %q%s", flag, name, provider+"/", hint)
	}
	return usagef("--%s %s: unknown provider %q%s; known are %s; any other OpenAI-style endpoint is openai-compatible/%s with --base-url",
		flag, name, provider, hint, strings.Join(providers, ", "), model)
}
