package rollout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// ArtefactOptions are the choices in [NewArtefact].
type ArtefactOptions struct {
	// Files are the files whose texts are to be improved, at least one. They
	// are read once and never written. Each is a component; its name is the
	// path if that is relative and leads down, and else the last part of it.
	Files []string
	// Texts are what is to be improved in the place of Files, for texts that are
	// no whole files, or files that were read before.
	Texts []ArtefactText
	// Dir is the folder that Files are in where they are relative. Defaults to
	// this process's.
	Dir string
	// Exec is the command that measures them. In its arguments {file} stands
	// for the path of the first file's new text, {candidate_dir} for the
	// folder that holds all of them, and {case} for the case. It is required.
	Exec Exec
	// List is a command that prints the cases, one a line. Defaults to none:
	// there is one case, without a name.
	List Exec
	// Score finds the score in the output; the rest of the output is the
	// feedback. Defaults to the exit status alone: 1 for success.
	Score Pattern
	// FailureScore is the score of a text that the command fails on. Defaults
	// to 0; where scores can be lower it must be, too.
	FailureScore float64
	// TimeLimit is how long one measurement may take. Defaults to ten minutes;
	// a negative number means that there is no limit.
	TimeLimit time.Duration
	// Noisy says that the command does not say the same every time. What it
	// says is then measured anew for validation, and not remembered from the
	// minibatch.
	Noisy bool
}

// An ArtefactText is a text to improve, and the file that it stands in. Texts of
// equal files are put into one.
type ArtefactText struct {
	// Name is the component's.
	Name string
	// Text is the starting text.
	Text string
	// File is the name of the file in the candidate's folder: relative, with
	// slashes.
	File string
	// Content is the file's content, and Put returns a content with another
	// text in the place of the starting text. A text that cannot be put there
	// is a failure of the text. Put nil means that the text is the content.
	Content []byte
	Put     func(content []byte, text string) ([]byte, error)
}

// An Artefact is a system without data: files, and a command that measures
// them. It is safe for concurrent use. See [NewArtefact].
type Artefact struct {
	command *Command
	cases   []artefactCase
	texts   []ArtefactText
	noisy   bool

	mu     sync.Mutex
	known  map[memoKey]gepa.Rollout
	oldest []memoKey
}

// An artefactCase is one line of the list.
type artefactCase struct {
	// Case is what the command is told.
	Case string `json:"case"`
	// Set is "feedback", "validation" or "test"; "" means the first two.
	Set string `json:"set,omitempty"`
}

type memoKey struct {
	candidate, name string
	repeat          int
}

// maxKnown is how many measurements are remembered.
const maxKnown = 1024

// NewArtefact returns the system that some files and a command that measures
// them are. ctx bounds the listing of the cases.
//
// The command is run as [NewCommand] says, once for each candidate and case.
// GEPA_ARTEFACT is the path of the first file's new text and GEPA_CASE the
// case. Each line of the list is a case's name, or a JSON object with "case"
// and "set" where only one set is to have it.
//
// # Sets without data
//
// A search needs examples to learn from and others to choose by, because a
// program that is to work on data it has not seen must be chosen by such data.
// An artefact is no such program: what is measured is what is wanted. So every
// case is in the feedback set and in the validation set, as two examples with
// one meaning, and is measured once for both, unless the command is noisy. The
// scores are what they seem for these cases, and promise nothing for others; to
// know about others, list cases of the set "test", which the search does not
// see.
func NewArtefact(ctx context.Context, opts ArtefactOptions) (*Artefact, error) {
	texts, err := opts.texts()
	if err != nil {
		return nil, err
	}
	components := make([]gepa.Component, len(texts))
	for i, t := range texts {
		components[i] = gepa.Component{Name: t.Name, Text: t.Text}
	}
	listed := len(opts.List.Argv) > 0
	uses := func(e Exec) bool {
		return slices.ContainsFunc(e.Argv, func(arg string) bool { return strings.Contains(arg, "{case}") })
	}
	if uses(opts.Exec) && !listed {
		return nil, errors.New("artefact: Exec uses {case}, and no List says what the cases are")
	}
	command, err := NewCommand(CommandOptions{
		Exec: opts.Exec, Components: components, Score: opts.Score, TimeLimit: opts.TimeLimit,
		Scoring: Scoring{FailureScore: opts.FailureScore},
	})
	if err != nil {
		return nil, fmt.Errorf("artefact: %w", err)
	}
	a := &Artefact{
		command: command, texts: texts, noisy: opts.Noisy,
		cases: []artefactCase{{}}, known: map[memoKey]gepa.Rollout{},
	}
	command.render = a.render
	if listed {
		if a.cases, err = list(ctx, opts.List, command.opts.TimeLimit); err != nil {
			return nil, fmt.Errorf("artefact: list the cases: %w", err)
		}
	}
	return a, nil
}

// texts returns what is to be improved.
func (o ArtefactOptions) texts() ([]ArtefactText, error) {
	switch {
	case len(o.Files) == 0 && len(o.Texts) == 0:
		return nil, errors.New("artefact: Files is empty: there is nothing to improve")
	case len(o.Files) > 0 && len(o.Texts) > 0:
		return nil, errors.New("artefact: both Files and Texts are given; give one")
	case len(o.Texts) > 0:
		return checkTexts(o.Texts)
	}
	var out []ArtefactText
	for _, file := range o.Files {
		from := file
		if !filepath.IsAbs(file) {
			from = filepath.Join(o.Dir, file)
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return nil, fmt.Errorf("artefact: %w", err)
		}
		if !utf8.Valid(text) {
			return nil, fmt.Errorf("artefact: %s is not UTF-8 text", file)
		}
		name := ArtefactName(file)
		out = append(out, ArtefactText{Name: name, Text: string(text), File: fileName(name), Content: text})
	}
	return out, nil
}

// ArtefactName returns what the component of a whole file is called, and what
// the file is called in a candidate's folder: its path if that is relative and
// leads down, and else the last part of it.
func ArtefactName(file string) string {
	name := path.Clean(filepath.ToSlash(file))
	if !filepath.IsLocal(file) {
		name = path.Base(name)
	}
	return name
}

// checkTexts returns texts with the names of their files as they can be written.
func checkTexts(texts []ArtefactText) ([]ArtefactText, error) {
	texts = slices.Clone(texts)
	contents := map[string][]byte{}
	whole := map[string]bool{}
	for i, t := range texts {
		t.File = fileName(t.File)
		texts[i] = t
		before, again := contents[t.File]
		switch {
		case !utf8.Valid(t.Content) || !utf8.ValidString(t.Text):
			return nil, fmt.Errorf("artefact: %s is not UTF-8 text", t.File)
		case again && (t.Put == nil || whole[t.File]):
			return nil, fmt.Errorf("artefact: the whole of %s is a text, so that no other can be in it", t.File)
		case again && !bytes.Equal(before, t.Content):
			return nil, fmt.Errorf("artefact: two files are called %s: rename one", t.File)
		}
		contents[t.File], whole[t.File] = t.Content, t.Put == nil
	}
	return texts, nil
}

// render puts a candidate's texts into the files.
func (a *Artefact) render(c gepa.Candidate) ([]textFile, error) {
	var out []textFile
	for _, t := range a.texts {
		at := slices.IndexFunc(out, func(f textFile) bool { return f.name == t.File })
		if at < 0 {
			at = len(out)
			out = append(out, textFile{t.File, t.Content})
		}
		if t.Put == nil {
			out[at].content = []byte(c[t.Name])
			continue
		}
		content, err := t.Put(out[at].content, c[t.Name])
		if err != nil {
			return nil, fmt.Errorf("the text of %s cannot stand in its file: %w", t.Name, err)
		}
		out[at].content = content
	}
	return out, nil
}

// list runs the command that lists the cases.
func list(ctx context.Context, e Exec, limit time.Duration) ([]artefactCase, error) {
	done, err := execute(ctx, e, nil, limit)
	if err != nil {
		return nil, err
	}
	if f := done.failed(); f != nil {
		return nil, fmt.Errorf("run %q: %s", e.Argv, f.feedback)
	}
	return parseCases([]byte(done.stdout))
}

// parseCases reads a list of cases.
func parseCases(text []byte) ([]artefactCase, error) {
	var out []artefactCase
	seen := map[artefactCase]int{}
	sets := map[string]int{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		c := artefactCase{Case: string(line)}
		if line[0] == '{' {
			c = artefactCase{}
			if err := decode(line, &c); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
		}
		switch {
		case c.Case == "":
			return nil, fmt.Errorf(`line %d: field "case" is missing`, number)
		case !utf8.ValidString(c.Case) || strings.Contains(c.Case, "\x00"):
			return nil, fmt.Errorf("line %d: the case is not text", number)
		case c.Set != "" && !slices.Contains([]string{setFeedback, setValidation, setTest}, c.Set):
			return nil, fmt.Errorf(`line %d: field "set" is %q, want %q, %q or %q`, number, c.Set, setFeedback, setValidation, setTest)
		}
		if at, dup := seen[c]; dup {
			return nil, fmt.Errorf("line %d: case %q is in line %d already", number, c.Case, at)
		}
		seen[c] = number
		for _, set := range c.sets() {
			sets[set]++
		}
		out = append(out, c)
	}
	for _, set := range []string{setFeedback, setValidation} {
		if sets[set] == 0 {
			return nil, fmt.Errorf("no case is for the %s set", set)
		}
	}
	return out, nil
}

const (
	setFeedback   = "feedback"
	setValidation = "validation"
	setTest       = "test"
)

func (c artefactCase) sets() []string {
	if c.Set == "" {
		return []string{setFeedback, setValidation}
	}
	return []string{c.Set}
}

// Components lists the files' texts.
func (a *Artefact) Components() []gepa.Component { return a.command.Components() }

// Data returns the examples that stand for the cases. An example's input "case"
// is the case, and "file" is the file where there are no cases; its label "set"
// tells the examples of one case apart.
func (a *Artefact) Data() gepa.Data {
	var data gepa.Data
	for _, c := range a.cases {
		inputs, id := gepa.NewFields("case", c.Case), c.Case
		if c.Case == "" {
			inputs, id = gepa.NewFields("file", a.command.opts.Components[0].Name), "file"
		}
		for _, set := range c.sets() {
			ex := gepa.Example{ID: set + "/" + id, Inputs: inputs, Labels: gepa.NewFields("set", set)}
			switch set {
			case setFeedback:
				data.Feedback = append(data.Feedback, ex)
			case setValidation:
				data.Validation = append(data.Validation, ex)
			default:
				data.Test = append(data.Test, ex)
			}
		}
	}
	return data
}

// Run measures the files for one of the examples of [Artefact.Data].
func (a *Artefact) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	key := memoKey{job.Candidate.Hash(), job.Example.Inputs.Text("case"), job.Repeat}
	if r, ok := a.recall(key); ok {
		return r, nil
	}
	job.Example.Labels = nil // both examples of a case are one to the command
	r, err := a.command.run(ctx, job, func(w workspace) []placeholder {
		return []placeholder{
			{"file", "GEPA_ARTEFACT", filepath.Join(w.dir, filepath.FromSlash(a.texts[0].File))},
			{"case", "GEPA_CASE", key.name},
		}
	})
	if err == nil {
		a.remember(key, r)
	}
	return r, err
}

func (a *Artefact) recall(key memoKey) (gepa.Rollout, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.known[key]
	return cloneRollout(r), ok
}

func (a *Artefact) remember(key memoKey, r gepa.Rollout) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.known[key]; ok || a.noisy || r.Usage != (gepa.Usage{}) {
		return // what was paid for is not counted twice, nor left out
	}
	if len(a.oldest) == maxKnown {
		delete(a.known, a.oldest[0])
		a.oldest = a.oldest[1:]
	}
	a.known[key] = cloneRollout(r)
	a.oldest = append(a.oldest, key)
}

// cloneRollout copies what its receiver may change.
func cloneRollout(r gepa.Rollout) gepa.Rollout {
	r.Objectives = maps.Clone(r.Objectives)
	r.Feedback.ByComponent = maps.Clone(r.Feedback.ByComponent)
	r.Output = slices.Clone(r.Output)
	r.Trace = slices.Clone(r.Trace)
	return r
}
