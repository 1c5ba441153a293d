package config

import (
	"errors"
	"maps"
	"slices"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

// demos reads a file of demonstrations.
func (r *resolver) demos(key, file string) []Demo {
	if file == "" {
		return nil
	}
	examples, err := dataset.Load(r.path(file), dataset.Options{ID: "", Decoders: Decoders()})
	if err == nil && len(examples) == 0 {
		err = errors.New(r.path(file) + ": there is no demonstration in it")
	}
	if err != nil {
		r.errs = append(r.errs, r.loaded.document.Errorf(key, "%v: check the path, which is relative to %s", err, r.loaded.Path))
		return nil
	}
	out := make([]Demo, len(examples))
	for i, ex := range examples {
		out[i] = Demo{}
		for _, f := range slices.Concat(ex.Inputs, ex.Labels) {
			out[i][f.Name] = f.Value
		}
	}
	return out
}

// fields returns a demonstration in the order of names, which do not matter to
// its meaning.
func (d Demo) fields() gepa.Fields {
	out := gepa.Fields{}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		out = append(out, gepa.Field{Name: name, Value: d[name]})
	}
	return out
}
