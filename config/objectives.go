package config

import (
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/rollout"
)

// An ObjectiveSpec is a [gepa.Objective].
type ObjectiveSpec struct {
	Name      string  `json:"name" jsonschema:"its name in what the metric or the system says"`
	Direction string  `json:"direction,omitempty" enum:"max,min" default:"max" jsonschema:"which way it improves"`
	Min       float64 `json:"min,omitempty" default:"0" jsonschema:"the lowest value that counts"`
	Max       float64 `json:"max,omitempty" default:"1" jsonschema:"the highest value that counts"`
	Weight    float64 `json:"weight,omitempty" default:"0" jsonschema:"its share of the score; where one has any, the score is their weighted mean"`
}

func (s ObjectiveSpec) objective() gepa.Objective {
	return gepa.Objective{Name: s.Name, Direction: gepa.Direction(s.Direction), Min: s.Min, Max: s.Max, Weight: s.Weight}
}

// checkObjectives refuses objectives that are none, and those of a metric that
// has its own.
func (m Metric) checkObjectives() error {
	if len(m.Objectives) == 0 {
		return nil
	}
	for _, own := range []struct {
		kind string
		set  bool
	}{{"measures", m.Measures != ""}, {"builtin", m.Builtin != ""}, {"judge", m.Judge != nil}} {
		if own.set {
			return atf("metric.objectives", "%s says itself what it measures: take them out, and give weights there", own.kind)
		}
	}
	for i, s := range m.Objectives {
		path := "metric.objectives" + index(i)
		switch {
		case s.Name == "":
			return atf(path+".name", "it is missing: give the name under which it is measured")
		case slices.ContainsFunc(m.Objectives[:i], func(o ObjectiveSpec) bool { return o.Name == s.Name }):
			return atf(path+".name", "two objectives are called %q: rename one", s.Name)
		case s.Weight < 0:
			return atf(path+".weight", "want 0 or more, got %g", s.Weight)
		case s.Max < s.Min || s.Max == s.Min && s.Max != 0:
			return atf(path+".max", "the range %g to %g is empty: give a max above min", s.Min, s.Max)
		}
	}
	return nil
}

// objectives returns what the run declares: what the system says of itself,
// what the metric measures, and what the configuration names. The built-in
// program's are declared where the frontier is made of them: they have no
// weight, and mean nothing else.
func (o Optimize) objectives(m measured, sys gepa.System) ([]gepa.Objective, error) {
	if o.resumed {
		return o.declaredObjectives, nil
	}
	var out []gepa.Objective
	add := func(list ...gepa.Objective) {
		for _, obj := range list {
			out = append(slices.DeleteFunc(out, func(had gepa.Objective) bool { return had.Name == obj.Name }), obj)
		}
	}
	if said, ok := sys.(interface{ Hello() rollout.Hello }); ok {
		add(said.Hello().Objectives...)
	}
	add(m.objectives...)
	for _, s := range o.Metric.Objectives {
		add(s.objective())
	}
	frontier := gepa.FrontierKind(o.Frontier)
	byObjective := frontier == gepa.FrontierByObjective || frontier == gepa.FrontierByBoth
	if m.builtin && byObjective {
		add(gepa.Objective{Name: metric.ObjectiveEM}, gepa.Objective{Name: metric.ObjectiveF1})
	}
	if byObjective && len(out) == 0 {
		return nil, usagef("--frontier %s: nothing says what the objectives are: take measures for the metric, or name them under metric.objectives", o.Frontier)
	}
	return out, nil
}
