package config

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config/source"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
)

// A Subject says what is to be measured.
type Subject struct {
	// Name is a run's folder, FOLDER:CANDIDATE (see [Kept.Member]), or a saved
	// program. "" is the program as it is.
	Name string
	// Texts are places from which texts are read in the place of the
	// subject's own: COMPONENT=SPEC, with a spec as package source has it, or
	// one folder with files COMPONENT.md.
	Texts []string
	// Setup says how it is run: Program, the models' and calls' fields, Limit
	// and Concurrency. What is not set is the run's, where it is of one.
	Setup Optimize
}

// target is a subject that was found.
type target struct {
	name      string
	candidate int // -1 for none
	texts     gepa.Candidate
	prog      *program.Program
	setup     Optimize
	kept      *Kept // nil where it is of no run
	// same says that it runs as its run did, so that what the run measured
	// need not be measured again.
	same bool
	// spent is what was spent under the same caps before, and in the end.
	spent lm.Caps
}

// find reads what the name says.
func (s Subject) find(ctx context.Context) (*target, error) {
	found := &target{name: s.Name, candidate: -1, setup: s.Setup.withDefaults()}
	if len(found.setup.System.kinds()) == 0 {
		found.setup.System = System{Builtin: Programs()[0]} // that of a saved program; a run has its own
	}
	var err error
	dir, member := runAndCandidate(s.Name)
	switch {
	case dir != "":
		err = found.ofRun(ctx, dir, member)
	case s.Name == "":
		found.name = orDefault(s.Setup.Program, "hotpotqa")
		found.prog = hotpotqa.New()
	default:
		if _, serr := os.Stat(s.Name); serr != nil {
			return nil, usagef("%s is no run and no saved program: %w", s.Name, plain(serr))
		}
		found.prog, err = startedFrom(hotpotqa.New(), s.Name)
	}
	if err != nil {
		return nil, err
	}
	if found.texts == nil {
		found.texts = found.prog.Seed()
	}
	found.setup.Program = orDefault(found.setup.Program, "hotpotqa")
	return found, found.readTexts(s.Texts)
}

// runAndCandidate splits FOLDER:CANDIDATE; the folder is "" where the name is
// of no run.
func runAndCandidate(name string) (dir, member string) {
	holds := func(dir string) bool {
		if filepath.Base(dir) != JournalFile {
			dir = filepath.Join(dir, JournalFile)
		}
		info, err := os.Stat(dir)
		return err == nil && info.Mode().IsRegular()
	}
	if name != "" && holds(name) {
		return name, ""
	}
	if i := strings.LastIndex(name, ":"); i > 0 && holds(name[:i]) {
		return name[:i], name[i+1:]
	}
	return "", ""
}

func (s *target) ofRun(ctx context.Context, dir, member string) error {
	dir, err := Locate(dir)
	if err != nil {
		return err
	}
	if s.kept, err = ReadKept(ctx, dir); err != nil {
		return err
	}
	m, err := s.kept.Member(member, -1)
	if err != nil {
		return err
	}
	s.candidate, s.texts = m.ID, m.Texts
	s.name = fmt.Sprintf("%s:%d", dir, m.ID)
	stored, err := Stored(ctx, dir)
	if err != nil {
		s.same = true // its journal can be read all the same
		return nil    //nolint:nilerr // only running it again needs settings
	}
	given := s.setup
	s.same = (given.Model == "" || given.Model == stored.Model) && given.BaseURL == "" && given.Replay == "" && reflect.DeepEqual(given.Params, lm.Params{})
	s.setup = onRun(given, stored).withDefaults()
	s.setup.Prices = orDefault(given.Prices, existing(filepath.Join(dir, PricesFile)))
	s.prog, err = s.kept.program()
	return err
}

func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// onRun returns the settings of a run with what was given in their place. The
// run's caps and its folder are its own.
func onRun(given, stored Optimize) Optimize {
	o := stored
	o.Out, o.Start, o.Caps = "", "", given.Caps
	o.Record, o.Replay = given.Record, orDefault(given.Replay, stored.Replay)
	if given.Model != "" && given.Model != stored.Model {
		o.BaseURL, o.Params = "", lm.Params{}
	}
	o.Model = orDefault(given.Model, stored.Model)
	o.BaseURL = orDefault(given.BaseURL, o.BaseURL)
	if !reflect.DeepEqual(given.Params, lm.Params{}) {
		o.Params = given.Params
	}
	o.Attempts = orDefault(given.Attempts, stored.Attempts)
	o.CallTimeout = orDefault(given.CallTimeout, stored.CallTimeout)
	o.RPM, o.TPM = orDefault(given.RPM, stored.RPM), orDefault(given.TPM, stored.TPM)
	o.MaxConcurrentCalls = orDefault(given.MaxConcurrentCalls, stored.MaxConcurrentCalls)
	o.Concurrency = orDefault(given.Concurrency, stored.Concurrency)
	if given.Cache != "" || given.NoCache {
		o.Cache, o.NoCache = given.Cache, given.NoCache
	}
	o.Logger, o.Getenv = given.Logger, given.Getenv
	return o
}

// readTexts puts texts from files in the place of the subject's own.
func (s *target) readTexts(places []string) error {
	read := map[string]string{}
	for _, place := range places {
		name, spec, found := strings.Cut(place, "=")
		if !found {
			if len(places) > 1 {
				return usagef("--texts %s is a folder with all texts, and nothing can be given beside it", place)
			}
			for _, c := range s.texts.Names() {
				text, err := source.Read(source.Spec{Kind: source.File, Path: filepath.Join(place, fileName(c)+".md")})
				if err != nil {
					return usagef("--texts: %w", err)
				}
				read[c] = text
			}
			break
		}
		if _, known := s.texts[name]; !known {
			return usagef("--texts %s: there is no component %q%s; there are %s", place, name, DidYouMean(name, s.texts.Names()), strings.Join(s.texts.Names(), ", "))
		}
		parsed, err := source.Parse(spec)
		if err != nil {
			return usagef("--texts %s: %w", place, err)
		}
		if read[name], err = source.Read(parsed); err != nil {
			return usagef("--texts %s: %w", place, err)
		}
	}
	if len(places) == 0 {
		return nil
	}
	s.texts = s.texts.With(read)
	s.candidate = -1
	s.name += " with " + strings.Join(places, ", ")
	return nil
}
