package config

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A Subject says what is to be measured.
type Subject struct {
	// Name is a run's folder, FOLDER:CANDIDATE (see [Kept.Member]), a saved
	// program or candidate (.json), a folder of prompt files, or a gepa.yaml
	// or the folder that holds one. "" is the system as it is.
	Name string
	// Config describes the system that a saved program, a saved candidate or
	// prompt files are the texts of, and the system that "" means. Nil means
	// the built-in program. Forced says that it holds for runs, too: they give
	// their texts only.
	Config *Loaded
	Forced bool
	// Texts are places from which texts are read in the place of the
	// subject's own: COMPONENT=SPEC, with a spec as package source has it, or
	// one folder with files COMPONENT.md.
	Texts []string
	// Setup says how it is run: Program, the models' and calls' fields, Limit
	// and Concurrency. What is not set is the run's or the file's, where it is
	// of one. Program takes the place of Config's system.
	Setup Optimize
	// Given reports whether a flag was given, so that an error is not blamed
	// on Config. Nil means that none was.
	Given func(flag string) bool
}

// target is a subject that was found. Close it.
type target struct {
	name      string
	candidate int // -1 for none
	// texts are nil until [target.ready], unless a journal has them.
	texts  gepa.Candidate
	places []place
	saved  string // the file of a saved program or candidate
	setup  Optimize
	loaded *Loaded // the gepa.yaml that describes it; nil for none
	given  func(flag string) bool
	kept   *Kept // nil where it is of no run
	// same says that it runs as its run did, so that what the run measured
	// need not be measured again.
	same bool
	// borrows says that it has texts only, and runs as what it is compared
	// with where that is a run.
	borrows bool
	// spent is what was spent under the same caps before, and in the end.
	spent lm.Caps

	running *running // nil until [target.run]
}

// find reads what the name says. Nothing is started.
func (s Subject) find(ctx context.Context) (*target, error) {
	found := &target{name: s.Name, candidate: -1, setup: s.Setup.withDefaults(), given: s.Given}
	if found.given == nil {
		found.given = func(string) bool { return false }
	}
	for _, text := range s.Texts {
		found.places = append(found.places, place{flag: "--texts ", text: text})
	}
	if dir, member := runAndCandidate(s.Name); dir != "" {
		if err := found.ofRun(ctx, dir, member); err != nil {
			return nil, err
		}
		if s.Forced && s.Config != nil { // it is of the run no more, but for its texts
			found.kept, found.same, found.candidate = nil, false, -1
			found.setup = s.Setup.withDefaults()
			found.described(s.Config)
		}
		return found, nil
	}
	if s.Name == "" {
		found.base(s)
		found.borrows = found.loaded == nil
		return found, nil
	}
	info, err := os.Stat(s.Name)
	if err != nil {
		return nil, usagef("%s is no run and no saved program: %w; want a run's folder, RUN:CANDIDATE, a saved program or candidate, a folder of prompts, or a %s",
			s.Name, plain(err), FileName)
	}
	file := s.Name
	if info.IsDir() {
		file = filepath.Join(s.Name, FileName)
	}
	switch ext := filepath.Ext(file); {
	case (ext == ".yaml" || ext == ".yml") && existing(file) != "":
		l, err := Load(file, nil)
		if err != nil {
			return nil, err
		}
		found.described(l)
		return found, nil
	case info.IsDir():
		found.places = append([]place{{text: s.Name}}, found.places...)
	default:
		found.saved = s.Name
	}
	found.base(s)
	found.name, found.borrows = s.Name, true
	return found, nil
}

// base takes the system from the subject's gepa.yaml, or the built-in one.
func (s *target) base(of Subject) {
	switch {
	case of.Setup.Program == "" && of.Config != nil:
		s.described(of.Config)
		return
	case len(s.setup.System.kinds()) == 0:
		s.setup.System = System{Builtin: Programs()[0]}
	}
	s.setup.Program = s.setup.System.Builtin
	s.name = orDefault(s.setup.Program, s.setup.System.name())
}

// described takes the system, and how it is run, from a gepa.yaml.
func (s *target) described(l *Loaded) {
	s.loaded = l
	s.name = orDefault(s.name, l.Path)
	s.setup = givenOver(s.setup, l.Optimize()).withDefaults()
}

// located says where in the gepa.yaml the cause of an error is.
func (s *target) located(err error) error {
	if s.loaded == nil {
		return err
	}
	return s.loaded.Locate(err, s.given)
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
		s.same = true             // its journal can be read all the same
		s.setup.System = System{} // which is not known
		return nil                //nolint:nilerr // only running it again needs settings
	}
	given := s.setup
	s.same = (given.Model == "" || given.Model == stored.Model) && given.BaseURL == "" && given.Replay == "" && reflect.DeepEqual(given.Params, lm.Params{})
	s.setup = givenOver(given, stored).withDefaults()
	s.setup.Prices = orDefault(given.Prices, existing(filepath.Join(dir, PricesFile)))
	s.setup.Start = existing(filepath.Join(dir, StartFile))
	return nil
}

func existing(path string) string {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return ""
	}
	return path
}

// givenOver returns the settings of a run, or of a gepa.yaml, with what was given in
// their place. The run's caps, its folder and what it started from are its own.
func givenOver(given, stored Optimize) Optimize {
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
	o.Prices = orDefault(given.Prices, stored.Prices)
	if given.Cache != "" || given.NoCache {
		o.Cache, o.NoCache = given.Cache, given.NoCache
	}
	o.Logger, o.Getenv = given.Logger, given.Getenv
	return o
}
