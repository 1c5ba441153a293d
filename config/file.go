package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gepa-go/gepa/internal/strictyaml"
	"github.com/gepa-go/gepa/lm"
)

// A Loaded file is a gepa.yaml that was read. It knows where every key stands.
type Loaded struct {
	// Path is the file.
	Path string
	// File is what it says: with the texts of the files it names, and with
	// paths relative to the present folder.
	File File

	document *strictyaml.Document
	raw      []byte
	places   []Place
	asked    File // before paths and texts were resolved
}

// Load reads a gepa.yaml. Its errors match ErrUsage, and name every mistake
// with file, line, key and remedy. Lookup reads an environment variable, for
// ${env:NAME}; nil means [os.LookupEnv].
func Load(path string, lookup func(string) (string, bool)) (*Loaded, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "; gepa init writes one"
		}
		return nil, usagef("--config %s: %w%s", path, plain(err), hint)
	}
	if lookup == nil {
		lookup = os.LookupEnv
	}
	l := &Loaded{Path: path, raw: data}
	l.document, err = strictyaml.Decode(data, &l.asked, strictyaml.Options{File: path, Getenv: lookup, Nearest: Nearest})
	if err != nil {
		return nil, usage{err}
	}
	l.File = l.asked
	if err := errors.Join(l.check()...); err != nil {
		return nil, usage{err}
	}
	if err := l.resolve(); err != nil {
		return nil, usage{err}
	}
	return l, nil
}

// check refuses what types cannot: a version that is not known, values that
// are none of their choices or too small.
func (l *Loaded) check() []error {
	var errs []error
	if !l.document.Has("version") {
		errs = append(errs, l.document.Errorf("version", "it is missing: write version: 1 at the top"))
	}
	for _, k := range FileKeys(l.File) {
		if !l.document.Has(k.Path) {
			if k.Required && k.present {
				errs = append(errs, l.document.Errorf(k.Path, "it is missing: add it"))
			}
			continue
		}
		switch {
		case len(k.Choices) > 0 && !slices.Contains(k.Choices, k.Value):
			errs = append(errs, l.document.Errorf(k.Path, "want %s, got %q%s", orWords(k.Choices), k.Value, DidYouMean(k.Value, k.Choices)))
		case k.Least != nil && k.number < *k.Least:
			errs = append(errs, l.document.Errorf(k.Path, "want a whole number, %d or more, got %d", *k.Least, k.number))
		}
	}
	if v := l.File.Data.Val; v.Size != "" && len(v.Files) > 0 {
		errs = append(errs, l.document.Errorf("data.val", "size and files are given: keep one of them"))
	} else if len(v.Files) == 0 && !reflect.DeepEqual(v.Reading, Reading{}) {
		errs = append(errs, l.document.Errorf("data.val", "it says how files are read, and names none: give files"))
	}
	if n := len(l.File.System.kinds()); n > 1 {
		errs = append(errs, l.document.Errorf("system", "%s are given: keep one of them", strings.Join(l.File.System.kinds(), " and ")))
	}
	return errs
}

// resolve makes paths relative to the present folder, and reads texts.
func (l *Loaded) resolve() error {
	r := resolver{loaded: l, dir: filepath.Dir(l.Path)}
	f := &l.File
	for _, files := range []*Strings{&f.Data.Train.Files, &f.Data.Test.Files, &f.Data.Val.Files} {
		*files = r.paths(*files)
	}
	if _, err := strconv.Atoi(string(f.Data.Val.Size)); err != nil {
		f.Data.Val.Size = Size(r.path(string(f.Data.Val.Size)))
	}
	for _, p := range []*string{&f.Limits.Cache, &f.Limits.Prices, &f.Limits.Record, &f.Limits.Replay, &f.Output.Start} {
		*p = r.path(*p)
	}
	f.Output.Folder = r.path(orDefault(f.Output.Folder, DefaultOut))
	f.System = r.system(f.System)
	if m := f.Metric.Command; m != nil {
		c := *m
		c.Dir, f.Metric.Command = r.path(orDefault(c.Dir, ".")), &c
	}
	if j := f.Metric.Judge; j != nil {
		judge := *j
		judge.Rubric.Text, _ = r.text("metric.judge.rubric", j.Rubric.File, j.Rubric.Text)
		judge.Rubric.File = ""
		f.Metric.Judge = &judge
	}
	f.Reflection.Prompt.Text, _ = r.text("reflection.prompt", f.Reflection.Prompt.File, f.Reflection.Prompt.Text)
	return errors.Join(r.errs...)
}

// A resolver reads what a file names, relative to its folder.
type resolver struct {
	loaded *Loaded
	dir    string
	errs   []error
}

func (r *resolver) path(path string) string {
	if path == "" || path == "-" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.dir, path)
}

func (r *resolver) paths(paths Strings) Strings {
	out := make(Strings, len(paths))
	for i, p := range paths {
		out[i] = r.path(p)
	}
	return out
}

func (r *resolver) system(s System) System {
	if s.Program != nil {
		s.Program = r.program(*s.Program)
	}
	if s.Worker != nil {
		w := *s.Worker
		w.Dir, w.Components = r.path(orDefault(w.Dir, ".")), r.components("system.worker.components", w.Components)
		s.Worker = &w
	}
	if s.Command != nil {
		c := *s.Command
		c.Dir, c.Components = r.path(orDefault(c.Dir, ".")), r.components("system.command.components", c.Components)
		s.Command = &c
	}
	if s.Webhook != nil {
		w := *s.Webhook
		w.Components = r.components("system.webhook.components", w.Components)
		s.Webhook = &w
	}
	if s.Artefact != nil {
		s.Artefact = r.artefact(*s.Artefact)
	}
	return s
}

// Optimize returns the run that the file describes.
func (l *Loaded) Optimize() Optimize {
	f := l.File
	params := func(r RoleSpec) lm.Params {
		return lm.Params{
			Temperature: r.Temperature, TopP: r.TopP, MaxTokens: r.MaxTokens, ReasoningEffort: r.ReasoningEffort, Stop: r.Stop, Seed: r.Seed,
		}
	}
	source := func(files Strings, reading Reading) Source {
		if len(files) == 0 {
			return Source{}
		}
		return Source{Path: files[0], More: files[1:], Reading: reading}
	}
	m, b := f.Models, f.Budget
	return Optimize{
		System: f.System, Metric: f.Metric, Places: l.places,
		Train: source(f.Data.Train.Files, f.Data.Train.Reading), Dev: source(f.Data.Test.Files, f.Data.Test.Reading),
		Val: string(f.Data.Val.Size), ValFiles: source(f.Data.Val.Files, f.Data.Val.Reading),
		Reading: f.Data.Reading, Stratify: f.Data.Stratify,
		Limit: f.Data.Limit, LimitTrain: f.Data.LimitTrain, LimitDev: f.Data.LimitTest,
		Model: m.Task.Model, ReflectionModel: m.Reflection.Model, JudgeModel: m.Judge.Model,
		BaseURL: m.Task.BaseURL, ReflectionBaseURL: m.Reflection.BaseURL, JudgeBaseURL: m.Judge.BaseURL,
		Params: params(m.Task), ReflectionParams: params(m.Reflection), JudgeParams: params(m.Judge),
		Attempts: f.Limits.Attempts, CallTimeout: time.Duration(f.Limits.CallTimeout),
		Cache: f.Limits.Cache, NoCache: f.Limits.NoCache, Prices: f.Limits.Prices, Record: f.Limits.Record, Replay: f.Limits.Replay,
		RPM: f.Limits.RPM, TPM: f.Limits.TPM, MaxConcurrentCalls: f.Limits.MaxConcurrentCalls, Concurrency: f.Limits.Concurrency,
		Caps:     Caps{Nanos: int64(b.MaxCost), Tokens: b.MaxTokens, Calls: b.MaxCalls},
		Feedback: f.Reflection.Feedback, Template: f.Reflection.Template, Fence: f.Reflection.Fence, Lint: f.Reflection.Lint,
		Prompt: f.Reflection.Prompt.Text, Proposing: f.Reflection.Proposing,
		Iterations: b.Iterations, Rollouts: b.Rollouts, Time: time.Duration(b.Time), Auto: b.Auto, Target: b.Target, Patience: b.Patience,
		Search: Search(f.Search),
		Out:    f.Output.Folder, Start: f.Output.Start, Seed: f.Seed,
	}
}

// Locate says where in the file the cause of an error of [Optimize.Build] is:
// it names the key where the error names a flag that was not given. given
// reports whether a flag was given, so that it is the flag's fault.
func (l *Loaded) Locate(err error, given func(flag string) bool) error {
	var of *strictyaml.Error
	var other *OtherRunError // it is about a folder
	if err == nil || errors.As(err, &of) || errors.As(err, &other) || !errors.Is(err, ErrUsage) {
		return err
	}
	if at, ok := errors.AsType[atError](err); ok {
		return usage{l.document.Errorf(at.path, "%v", at.error)}
	}
	text, first := err.Error(), ""
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !(r == '-' || 'a' <= r && r <= 'z') }) {
		flag, isFlag := strings.CutPrefix(word, "--")
		path, known := l.keyOf(flag)
		if !isFlag || !known {
			continue
		}
		if given(flag) {
			if first == "" {
				return err
			}
			continue
		}
		first = orDefault(first, path)
	}
	if first == "" {
		return usage{fmt.Errorf("%s: %w", l.Path, err)}
	}
	return usage{l.document.Errorf(first, "%s", l.withKeys(text, first, given))}
}

// withKeys puts keys in the place of flags, and takes the first one out of the
// beginning, where it is said already.
func (l *Loaded) withKeys(text, first string, given func(string) bool) string {
	var out strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "--")
		out.WriteString(before)
		if !found {
			break
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return !(r == '-' || 'a' <= r && r <= 'z') })
		if end < 0 {
			end = len(rest)
		}
		flag := strings.TrimRight(rest[:end], "-")
		if path, ok := l.keyOf(flag); ok && !given(flag) {
			out.WriteString(path)
		} else {
			out.WriteString("--" + flag)
		}
		text = rest[len(flag):]
	}
	said := out.String()
	if strings.HasPrefix(said, first+" and ") {
		return said
	}
	said = strings.TrimPrefix(said, first)
	said = strings.TrimPrefix(strings.TrimPrefix(said, ":"), " ")
	return strings.TrimPrefix(said, "is missing: ")
}

func (l *Loaded) keyOf(flag string) (string, bool) {
	for _, k := range FileKeys(File{}) {
		if k.Flag == flag && flag != "" {
			return k.Path, true
		}
	}
	return "", false
}

// Line returns the line of a key, 0 where the file does not have it.
func (l *Loaded) Line(path string) int { return l.document.Line(path) }
