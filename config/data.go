package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

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
	if o.ownVal() {
		if o.Stratify != "" {
			return s, usagef("--stratify %s: the validation set has files of its own, so that nothing is divided: take one of them out", o.Stratify)
		}
		val, err := o.load("val", o.valSource(), 0)
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
	if o.Stratify != "" {
		return s, o.stratified(&s, train, n)
	}
	s.val = fmt.Sprint(n)
	s.data.Feedback, s.data.Validation, err = dataset.Split(train, n, o.Seed)
	if err != nil {
		return s, usagef("split --train %s: %w", o.Train.Path, err)
	}
	return s, nil
}

// stratified divides the training examples in proportion to a field.
func (o Optimize) stratified(s *sets, train []gepa.Example, n int) error {
	parts, err := dataset.Divide(train, dataset.Division{
		Parts: []dataset.Part{{Name: "feedback"}, {Name: "validation", Size: dataset.Size{Count: n}}}, Seed: o.Seed, Stratify: o.Stratify,
	})
	if err != nil {
		return usagef("--stratify %s: %s", o.Stratify, strings.TrimPrefix(err.Error(), "dataset: "))
	}
	s.val = fmt.Sprintf("%d by %s", n, o.Stratify)
	s.data.Feedback, s.data.Validation = parts[0].Examples, parts[1].Examples
	return nil
}

// valSource returns where the validation examples are read from: their own
// files, or those of the training examples.
func (o Optimize) valSource() Source {
	if o.ValFiles.Path != "" {
		return o.ValFiles
	}
	if _, err := strconv.Atoi(o.Val); o.Val != "" && err != nil {
		return Source{Path: o.Val}
	}
	return o.Train
}

// ownVal reports whether the validation examples have files of their own.
func (o Optimize) ownVal() bool {
	_, err := strconv.Atoi(o.Val)
	return o.ValFiles.Path != "" || o.Val != "" && err != nil
}

// checkStdin refuses to read standard input twice.
func (o Optimize) checkStdin() error {
	first := ""
	for _, set := range []struct {
		flag   string
		source Source
	}{{"train", o.Train}, {"val", o.valSource()}, {"dev", o.Dev}} {
		if set.flag == "val" && !o.ownVal() {
			continue
		}
		for _, path := range append([]string{set.source.Path}, set.source.More...) {
			switch {
			case path != "-":
			case first != "":
				return usagef("--%s: standard input is read for --%s already: name a file", set.flag, first)
			default:
				first = set.flag
			}
		}
	}
	return nil
}

func (o Optimize) load(flag string, src Source, limit int) ([]gepa.Example, error) {
	opts := o.reading(src.Reading)
	opts.Stdin = o.Stdin
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
		if o.resumed && src.Path == "-" {
			return nil, usagef("--%s %w; the run's examples came from standard input: give them again, as in gepa resume < FILE, or name the file with --%s FILE", flag, err, flag)
		}
		if o.resumed && errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("--%s %w; if the file was moved, say where it is with --%s FILE", flag, err, flag)
		}
		return nil, usagef("--%s %w", flag, err)
	}
	return dataset.Limit(examples, limit), nil
}

// reading returns how files are read, by what is said of them and else by what
// is said of all.
func (o Optimize) reading(own Reading) dataset.Options {
	r := own.over(o.Reading)
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

// fingerprint identifies examples, in order.
func fingerprint(examples []gepa.Example) string {
	h := sha256.New()
	for _, ex := range examples {
		fmt.Fprintln(h, ex.ID, ex.Hash())
	}
	return fmt.Sprintf("%d examples (%s)", len(examples), hex.EncodeToString(h.Sum(nil))[:8])
}
