package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config/source"
)

// Apply says where a candidate's texts go.
type Apply struct {
	// Candidate is the candidate's name, as [Kept.Member] takes it.
	Candidate string
	// Texts, if not nil, take the place of the candidate's own, by component.
	Texts map[string]string
	// To are the places: COMPONENT=SPEC, with a spec as package source has
	// it; SPEC alone, for a run of one component; or one folder, in which each
	// component has the file COMPONENT.md. Defaults to where the run had its
	// texts from.
	To []string
	// Force also replaces texts that are not those that the run began with.
	Force bool
}

// PlanApply returns what becomes of the files when the texts are written into
// them. Nothing is written; [source.Write] does that. A component that no place
// is named for is left out; one that is named and not the run's is an error.
// Errors match ErrUsage.
func (k *Kept) PlanApply(a Apply) ([]source.Change, error) {
	m, err := k.Member(a.Candidate, -1)
	if err != nil {
		return nil, err
	}
	m.Texts = m.Texts.With(a.Texts)
	var edits []source.Edit
	var fresh []source.Change
	if len(a.To) == 0 {
		if edits, err = k.back(m); err != nil {
			return nil, err
		}
	}
	for _, to := range a.To {
		name, text, err := k.placed(to)
		if err != nil {
			return nil, err
		}
		if name == "" {
			if len(a.To) > 1 {
				return nil, usagef("--to %s is a folder for all texts, and nothing can be given beside it", to)
			}
			if edits, fresh, err = k.inFolder(text, m); err != nil {
				return nil, err
			}
			break
		}
		spec, err := source.Parse(text)
		if err != nil {
			return nil, usagef("--to %s: %w", to, err)
		}
		edits = append(edits, source.Edit{Spec: spec, Text: m.Texts[name]})
		k.expect(&edits[len(edits)-1], name)
	}
	if a.Force {
		for i := range edits {
			edits[i].Base = nil
		}
	}
	changes, err := source.Plan(edits)
	if err != nil {
		if _, changed := errors.AsType[*source.ChangedError](err); changed {
			return nil, usagef("%w\nthe run began with another text: look at the file, write over it with --force, or elsewhere with --to", err)
		}
		return nil, usage{err}
	}
	return append(changes, fresh...), nil
}

// expect lets an edit find the text that the run began with.
func (k *Kept) expect(e *source.Edit, component string) {
	base := k.Story.State.Pool()[0].Texts[component]
	e.Base = &base
}

// back returns the edits that write texts to where the run had its own from.
func (k *Kept) back(m gepa.Member) ([]source.Edit, error) {
	var kept settings
	if k.Settings != "" {
		var err error
		if kept, err = decodeSettings(k.Settings); err != nil {
			return nil, usagef("%s: %w", k.Folder, err)
		}
	}
	var edits []source.Edit
	var unknown []string
	for _, name := range k.components() {
		i := slices.IndexFunc(kept.Sources, func(p Place) bool { return p.Component == name })
		if i < 0 {
			if m.Texts[name] != k.Story.State.Pool()[0].Texts[name] {
				unknown = append(unknown, name)
			}
			continue
		}
		p := kept.Sources[i]
		spec, err := source.Parse(p.At)
		if err != nil {
			return nil, usage{err}
		}
		spec.Path = shortPath(spec.Path)
		edits = append(edits, source.Edit{Spec: spec, Text: m.Texts[name], Base: &p.Text})
	}
	switch {
	case len(kept.Sources) == 0:
		return nil, usagef("the run does not know where its texts came from; say where they go: --to FOLDER, or --to COMPONENT=FILE for each of %s", strings.Join(k.components(), ", "))
	case len(unknown) > 0:
		return nil, usagef("the run does not know where the text of %s came from; say where it goes: --to FOLDER, or --to COMPONENT=FILE for each of %s",
			strings.Join(unknown, " and "), strings.Join(k.components(), ", "))
	}
	return edits, nil
}

// shortPath returns a path as one would write it in the present folder, where
// it is in that.
func shortPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}

func (k *Kept) components() []string {
	var names []string
	for _, c := range k.Story.State.Run().Components {
		names = append(names, c.Name)
	}
	return names
}

// placed splits a place into a component, "" for all, and a spec or folder.
func (k *Kept) placed(to string) (component, place string, err error) {
	names := k.components()
	if name, spec, found := strings.Cut(to, "="); found {
		if slices.Contains(names, name) {
			return name, spec, nil
		}
		if _, err := os.Stat(to); err != nil {
			return "", "", usagef("--to %s: the run has no component %q%s; it has %s", to, name, DidYouMean(name, names), strings.Join(names, ", "))
		}
	}
	info, err := os.Stat(to)
	folder := err == nil && info.IsDir() || err != nil && filepath.Ext(to) == "" && !strings.Contains(to, "::")
	switch {
	case to == "":
		return "", "", usagef("--to is empty: want a folder or COMPONENT=FILE")
	case folder:
		return "", to, nil
	case len(names) == 1:
		return names[0], to, nil
	}
	return "", "", usagef("--to %s: the run has %d components; say which one goes there, for instance --to %s=%s", to, len(names), names[0], to)
}

// inFolder gives each component a file of a folder: an edit where it is there,
// and a new file where not.
func (k *Kept) inFolder(dir string, m gepa.Member) (edits []source.Edit, fresh []source.Change, err error) {
	taken := map[string]string{}
	for _, name := range k.components() {
		path := filepath.Join(dir, fileName(name)+".md")
		if other, twice := taken[fileName(name)]; twice {
			return nil, nil, usagef("components %s and %s would have the same file %s: name a place for each", other, name, path)
		}
		taken[fileName(name)] = name
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			fresh = append(fresh, source.Change{Path: path, After: []byte(strings.TrimRight(m.Texts[name], "\n") + "\n")})
			continue
		}
		edits = append(edits, source.Edit{Spec: source.Spec{Kind: source.File, Path: path}, Text: m.Texts[name]})
		k.expect(&edits[len(edits)-1], name)
	}
	return edits, fresh, nil
}

// fileName makes a file's name of a component's.
func fileName(component string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, component)
}
