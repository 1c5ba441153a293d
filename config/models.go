package config

import (
	"slices"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/report"
)

// SimModel is the name of the simulated model.
const SimModel = "sim"

// A role is one purpose for which a model is asked.
type role struct {
	// flag is the one that names the model, prefix what the flags of its
	// parameters begin with.
	flag, prefix string
	name         string
	baseURL      string // its own; "" for none
	params       lm.Params
	model        *lm.Model
	shown        *report.Model
}

// roles are the models of a run.
type roles struct {
	task, reflection, judge lm.Model
	names                   report.Models
}

// played returns the roles that a run has, each to be filled in.
func (o Optimize) played(r *roles) ([]role, error) {
	var list []role
	if o.System.isProgram() {
		list = append(list, role{"model", "", o.Model, o.BaseURL, o.Params, &r.task, &r.names.Task})
	}
	if o.measuring {
		if o.Metric.Judge != nil {
			list = append(list, role{"judge-model", "judge-", o.judge(), o.JudgeBaseURL, o.JudgeParams, &r.judge, &r.names.Judge})
		}
		return list, nil
	}
	list = append(list, role{
		"reflection-model", "reflection-", orDefault(o.ReflectionModel, o.Model), o.ReflectionBaseURL, o.ReflectionParams,
		&r.reflection, &r.names.Reflection,
	})
	if o.judged() || o.Metric.Judge != nil {
		return append(list, role{"judge-model", "judge-", o.judge(), o.JudgeBaseURL, o.JudgeParams, &r.judge, &r.names.Judge}), nil
	}
	if o.JudgeModel != "" {
		return nil, usagef("--judge-model %s: no judge is asked with --feedback metric; choose judge or both", o.JudgeModel)
	}
	return list, nil
}

// models makes the models of all roles, each with the whole chain around it.
func (o Optimize) models(c *calls) (roles, error) {
	var r roles
	played, err := o.played(&r)
	if err != nil {
		return r, err
	}
	if err := c.checkCaps(played); err != nil {
		return r, err
	}
	made := map[string]lm.Model{}
	var names []string
	for _, role := range played {
		base := o.base(role)
		key := role.name + " " + base
		if made[key] == nil {
			if made[key], err = o.model(c, role, base); err != nil {
				return r, err
			}
			made[key] = lm.Logged(made[key], o.Logger)
			if o.spans != nil {
				made[key] = o.spans.Model(made[key])
			}
			names = append(names, role.name)
		}
		*role.model = made[key]
		*role.shown = report.Model{Name: role.name, Simulated: role.name == SimModel, Price: c.price(role.name)}
	}
	c.prices = c.prices.Only(names...)
	return r, nil
}

// base returns the endpoint of a role's model; "" for the provider's.
func (o Optimize) base(role role) string {
	if role.baseURL != "" {
		return role.baseURL
	}
	provider, _ := lm.ParseName(role.name)
	if own, _ := lm.ParseName(o.Model); own == provider {
		return o.BaseURL
	}
	return ""
}

// model returns the model that plays a role, with what lies before it.
func (o Optimize) model(c *calls, role role, base string) (lm.Model, error) {
	switch {
	case c.player != nil:
		if !slices.Contains(c.player.Models(), role.name) {
			return nil, usagef("--%s %s: %s holds no calls of it; it holds those of %s", role.flag, role.name, o.Replay, listed(c.player.Models()))
		}
		return c.replayed(c.player.Model(role.name))
	case role.name == SimModel:
		return c.simulated(sim.New(sim.Options{Seed: o.Seed}))
	}
	client, err := OpenClient(role.flag, role.name, base, o.Getenv)
	if err != nil {
		return nil, err
	}
	c.clients = append(c.clients, client)
	return c.chained(client, o)
}
