package config

import (
	"context"
	"errors"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/propose"
)

// running is a subject's system, ready to run.
type running struct {
	system gepa.System
	data   *gepa.Data // an artefact's own
	calls  *calls
	stop   func() // nil if there is nothing to end
}

// close gives back what [target.run] took.
func (s *target) close() error {
	r := s.running
	if r == nil {
		return nil
	}
	s.running = nil
	if r.stop != nil {
		r.stop()
	}
	return r.calls.close()
}

// run returns the subject's system, and starts it the first time.
func (s *target) run(ctx context.Context) (*running, error) {
	if s.running != nil {
		return s.running, nil
	}
	r, err := s.started(ctx)
	if err != nil {
		return nil, s.located(err)
	}
	s.running = r
	return r, nil
}

func (s *target) started(ctx context.Context) (_ *running, err error) {
	o := s.setup
	switch {
	case len(o.System.kinds()) == 0:
		return nil, usagef("%s is of a run that keeps no settings: only what its journal holds can be used", s.name)
	case o.Model == "" && o.System.isProgram():
		return nil, usagef("say which model runs %s: --model PROVIDER/MODEL, or --model sim for a try without one", s.name)
	case o.Metric.Judge != nil && o.judge() == "":
		return nil, usagef("say which model judges %s: --model PROVIDER/MODEL, or models.judge in %s", s.name, FileName)
	}
	// No text is proposed: only the program's model is asked, and a metric's.
	o.measuring, o.Feedback = true, string(propose.FeedbackMetric)
	for _, check := range []func() error{o.checkParams, o.System.check, func() error { return o.Metric.check(o.System) }} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	r := &running{}
	if r.calls, err = o.newCalls(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			if r.stop != nil {
				r.stop()
			}
			err = errors.Join(err, r.calls.close())
		}
	}()
	roles, err := o.models(r.calls)
	if err != nil {
		return nil, err
	}
	measured, err := o.measured(roles.judge)
	if err != nil {
		return nil, err
	}
	sub, err := o.subject(ctx, roles.task, measured)
	r.system, r.data, r.stop = sub.system, sub.data, sub.close
	if err != nil {
		return nil, err
	}
	if sub.program != nil {
		p, err := s.program() // with what it was started from
		if err != nil {
			return nil, err
		}
		r.system = program.NewSystem(p, roles.task, measured.metric, o.systemOptions(measured))
	}
	return r, r.calls.open(ctx)
}

// judge returns the model that judges, where one does.
func (o Optimize) judge() string {
	return orDefault(orDefault(o.JudgeModel, o.Model), o.ReflectionModel)
}
