package config

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config/source"
	"github.com/gepa-go/gepa/program"
)

// A place is where texts are read from: COMPONENT=SPEC or a folder.
type place struct {
	flag string // how errors call it
	text string
}

// ready finds the texts that are measured. That starts the system where only
// that says what its texts are.
func (s *target) ready(ctx context.Context) error {
	if s.texts == nil {
		own, err := s.ownTexts(ctx)
		if err != nil {
			return err
		}
		s.texts = own
	} else if s.loaded != nil && s.kept == nil { // a run's texts, on another system
		own, err := s.ownTexts(ctx)
		if err != nil {
			return err
		}
		if names := own.Names(); !slices.Equal(names, s.texts.Names()) {
			return usagef("%s has the components %s, and the system of %s has %s: they are not of one kind",
				s.name, strings.Join(s.texts.Names(), ", "), s.loaded.Path, strings.Join(names, ", "))
		}
	}
	places := s.places
	s.places = nil
	return s.readTexts(places)
}

// ownTexts returns the texts of the system or, where one was named, those of a
// saved program or candidate.
func (s *target) ownTexts(ctx context.Context) (gepa.Candidate, error) {
	if s.setup.System.isProgram() {
		p, err := s.program()
		if err != nil {
			return nil, err
		}
		own := p.Seed()
		if saved, ok := savedCandidate(s.saved); ok {
			return s.fitting(saved, own)
		}
		return own, nil
	}
	r, err := s.run(ctx)
	if err != nil {
		return nil, err
	}
	own := gepa.Seed(r.system.Components())
	if s.saved == "" {
		return own, nil
	}
	saved, ok := savedCandidate(s.saved)
	if !ok {
		return nil, usagef("%s is no saved candidate: want a JSON object with a text for each of %s", s.saved, strings.Join(own.Names(), ", "))
	}
	return s.fitting(saved, own)
}

// fitting refuses a candidate of another system.
func (s *target) fitting(saved, own gepa.Candidate) (gepa.Candidate, error) {
	if !slices.Equal(saved.Names(), own.Names()) {
		return nil, usagef("%s is of another system: it has the components %s, and %s has %s",
			s.saved, strings.Join(saved.Names(), ", "), orDefault(s.describedBy(), s.setup.System.name()), strings.Join(own.Names(), ", "))
	}
	return saved, nil
}

// describedBy returns the gepa.yaml that describes the system; "" for none.
func (s *target) describedBy() string {
	if s.loaded == nil {
		return ""
	}
	return s.loaded.Path
}

// savedCandidate reads an object with a text for each component.
func savedCandidate(path string) (gepa.Candidate, bool) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	var c gepa.Candidate
	if err := json.Unmarshal(raw, &c); err != nil || len(c) == 0 {
		return nil, false
	}
	return c, true
}

// program returns the program with what it was started from, and the saved
// state, applied.
func (s *target) program() (*program.Program, error) {
	p, err := s.setup.declared()
	if err != nil {
		return nil, s.located(err)
	}
	paths := []string{s.setup.Start}
	if _, isTexts := savedCandidate(s.saved); !isTexts {
		paths = append(paths, s.saved)
	}
	for _, path := range paths {
		if path == "" {
			continue
		}
		state, err := program.LoadState(path)
		if err != nil {
			return nil, usage{err}
		}
		if p, err = p.Apply(state); err != nil {
			return nil, usagef("%s: not a saved program of %s: %w", path, orDefault(s.describedBy(), s.setup.System.name()), err)
		}
	}
	return p, nil
}

// readTexts puts texts from files in the place of the subject's own.
func (s *target) readTexts(places []place) error {
	if len(places) == 0 {
		return nil
	}
	read := map[string]string{}
	var shown []string
	for _, p := range places {
		name, spec, found := strings.Cut(p.text, "=")
		if !found {
			if len(places) > 1 && p.flag != "" {
				return usagef("--texts %s is a folder with all texts, and nothing can be given beside it", p.text)
			}
			if err := s.readFolder(p, read); err != nil {
				return err
			}
			if p.flag != "" {
				shown = append(shown, p.text)
			}
			continue
		}
		shown = append(shown, p.text)
		if _, known := s.texts[name]; !known {
			return usagef("%s%s: there is no component %q%s; there are %s", p.flag, p.text, name, DidYouMean(name, s.texts.Names()), strings.Join(s.texts.Names(), ", "))
		}
		parsed, err := source.Parse(spec)
		if err != nil {
			return usagef("%s%s: %w", p.flag, p.text, err)
		}
		if read[name], err = source.Read(parsed); err != nil {
			return usagef("%s%s: %w", p.flag, p.text, err)
		}
	}
	s.texts = s.texts.With(read)
	s.candidate = -1
	if len(shown) > 0 {
		s.name += " with " + strings.Join(shown, ", ")
	}
	return nil
}

// readFolder reads the file of every component: COMPONENT.md, or a file called
// as the one from which the system has the text.
func (s *target) readFolder(p place, read map[string]string) error {
	files := s.setup.System.textFiles()
	for _, c := range s.texts.Names() {
		path := filepath.Join(p.text, fileName(c)+".md")
		if own := filepath.Join(p.text, filepath.Base(files[c])); files[c] != "" && existing(path) == "" && existing(own) != "" {
			path = own
		}
		text, err := source.Read(source.Spec{Kind: source.File, Path: path})
		if err != nil {
			return usagef("%s%s: %w; a folder of prompts has a file for each component, here %s", p.flag, p.text, err, strings.Join(s.texts.Names(), ", "))
		}
		read[c] = text
	}
	return nil
}

// textFiles returns the files from which texts are, by component.
func (s System) textFiles() map[string]string {
	files := map[string]string{}
	add := func(specs []ComponentSpec) {
		for _, c := range specs {
			files[c.Name] = c.File
		}
	}
	switch {
	case s.Program != nil:
		for _, m := range s.Program.Modules {
			files[m.Name], files[m.Name+".predict"] = m.Instructions.File, m.Instructions.File
		}
	case s.Worker != nil:
		add(s.Worker.Components)
	case s.Command != nil:
		add(s.Command.Components)
	case s.Webhook != nil:
		add(s.Webhook.Components)
	}
	return files
}
