package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset"
)

// sets are a run's examples, with what identifies the files they came from.
type sets struct {
	data            gepa.Data
	train, dev, val string
}

// data loads, limits and splits the examples. own are those of a system that
// brings its own.
func (o Optimize) data(own *gepa.Data) (sets, error) {
	var s sets
	if own != nil {
		return sets{*own, fingerprint(own.Feedback), fingerprint(own.Test), fingerprint(own.Validation)}, nil
	}
	train, err := o.load("train", o.Train, orDefault(o.LimitTrain, o.Limit))
	if err != nil {
		return s, err
	}
	var dev []gepa.Example
	if o.Dev.given() {
		if dev, err = o.load("dev", o.Dev, orDefault(o.LimitDev, o.Limit)); err != nil {
			return s, err
		}
	}
	if err := dataset.CheckDisjoint(dataset.Set{Name: "--train", Examples: train}, dataset.Set{Name: "--dev", Examples: dev}); err != nil {
		return s, usage{err}
	}
	s.train, s.dev, s.data.Test = fingerprint(train), fingerprint(dev), dev
	n, err := strconv.Atoi(o.Val)
	if o.Val != "" && err != nil {
		val, err := o.load("val", Source{Path: o.Val}, 0)
		if err != nil {
			return s, err
		}
		err = dataset.CheckDisjoint(
			dataset.Set{Name: "--train", Examples: train},
			dataset.Set{Name: "--val", Examples: val},
			dataset.Set{Name: "--dev", Examples: dev})
		if err != nil {
			return s, usage{err}
		}
		s.data.Feedback, s.data.Validation, s.val = train, val, fingerprint(val)
		return s, nil
	}
	if o.Val == "" {
		n = dataset.ValidationSize(len(train))
	}
	switch {
	case len(train) < 2:
		return s, usagef("%s: %d example is too few: --train is split into feedback and validation; give more, or a validation set of its own with --val FILE", o.Train.Path, len(train))
	case n < 1:
		return s, usagef("--val %d: the validation set would be empty; give 1 to %d, or a file", n, len(train)-1)
	case n >= len(train):
		return s, usagef("--val %d: %s has %d examples, which would leave none for feedback; give at most %d", n, o.Train.Path, len(train), len(train)-1)
	}
	s.val = fmt.Sprint(n)
	s.data.Feedback, s.data.Validation, err = dataset.Split(train, n, o.Seed)
	if err != nil {
		return s, usagef("split --train %s: %w", o.Train.Path, err)
	}
	return s, nil
}

func (o Optimize) load(flag string, src Source, limit int) ([]gepa.Example, error) {
	opts := o.reading()
	var examples []gepa.Example
	var err error
	if src.Data != nil {
		examples, err = dataset.Read(bytes.NewReader(src.Data), src.Path, opts)
	} else {
		var loaded dataset.Loaded
		loaded, err = dataset.LoadFiles(append([]string{src.Path}, src.More...), opts)
		examples = loaded.Examples
	}
	if err != nil {
		if o.resumed && errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("--%s %w; if the file was moved, say where it is with --%s FILE", flag, err, flag)
		}
		return nil, usagef("--%s %w", flag, err)
	}
	return dataset.Limit(examples, limit), nil
}

// reading returns how files are read.
func (o Optimize) reading() dataset.Options {
	r := o.Reading
	if r.Form == "" && o.System.Builtin != "" {
		r.Form = string(dataset.FormHotpotQA)
	}
	return r.Options(o.Seed)
}

// Options returns how package dataset reads so. The seed is that of the sample.
func (r Reading) Options(seed uint64) dataset.Options {
	opts := dataset.Options{
		Format: dataset.Format(r.Format), Decoders: Decoders(), Key: r.Key, Separator: r.Separator, Columns: r.Columns,
		Form: dataset.Form(r.Form), ID: r.ID, Inputs: r.Inputs, Labels: r.Labels,
		Where: r.Where, Dedupe: r.Dedupe, Sample: r.Sample, Seed: seed,
	}
	for column, kind := range r.Types {
		if opts.Types == nil {
			opts.Types = map[string]dataset.Type{}
		}
		opts.Types[column] = dataset.Type(kind)
	}
	return opts
}

// over returns other with what r sets in its place.
func (r Reading) over(other Reading) Reading {
	list := func(own, otherwise []string) []string {
		if own != nil {
			return own
		}
		return otherwise
	}
	out := Reading{
		Format: orDefault(r.Format, other.Format), Form: orDefault(r.Form, other.Form), Key: orDefault(r.Key, other.Key),
		Separator: orDefault(r.Separator, other.Separator), Columns: list(r.Columns, other.Columns), Types: other.Types,
		ID: orDefault(r.ID, other.ID), Inputs: list(r.Inputs, other.Inputs), Labels: list(r.Labels, other.Labels),
		Where: orDefault(r.Where, other.Where), Dedupe: r.Dedupe || other.Dedupe, Sample: orDefault(r.Sample, other.Sample),
	}
	if r.Types != nil {
		out.Types = r.Types
	}
	return out
}

// fingerprint identifies examples, in order.
func fingerprint(examples []gepa.Example) string {
	h := sha256.New()
	for _, ex := range examples {
		fmt.Fprintln(h, ex.ID, ex.Hash())
	}
	return fmt.Sprintf("%d examples (%s)", len(examples), hex.EncodeToString(h.Sum(nil))[:8])
}
