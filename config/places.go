package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config/source"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/rollout"
)

// A Place is where the text of a component stands, so that a better one can be
// written back; see [Kept.PlanApply].
type Place struct {
	// Component is the component's name.
	Component string `json:"component"`
	// At is the place as [source.Parse] reads it.
	At string `json:"at"`
	// Text is what stood there when the run was described.
	Text string `json:"text"`
}

// index returns how a path names an item of a list.
func index(i int) string { return fmt.Sprintf("[%d]", i) }

// text returns a text that is given, or that stands in a place, and the place,
// relative to the present folder; "" where that is unknown.
func (r *resolver) text(key, file, text string) (string, string) {
	if file == "" {
		return text, ""
	}
	if text != "" {
		r.errs = append(r.errs, r.loaded.document.Errorf(key, "text and file are given: keep one of them"))
	}
	spec, err := source.Parse(file)
	if err == nil {
		spec = spec.In(r.dir)
		text, err = source.Read(spec)
	}
	if err != nil {
		r.errs = append(r.errs, r.loaded.document.Errorf(key+".file", "%v: check the path, which is relative to %s", err, r.loaded.Path))
		return "", ""
	}
	return text, spec.String()
}

// prompt resolves a text that is optimized and notes where it stands.
func (r *resolver) prompt(key, component string, p Prompt) Prompt {
	p.Text, p.File = r.text(key, p.File, p.Text)
	r.kept(key+".keep", p.Keep, p.Text)
	at := p.File
	if at == "" {
		at = r.inline(key, p.Text)
	}
	r.place(component, at, p.Text)
	return p
}

func (r *resolver) place(component, at, text string) {
	if at != "" && text != "" && component != "" {
		r.loaded.places = append(r.loaded.places, Place{component, at, text})
	}
}

// inline returns the place of a text in the file itself; "" where it has none
// that could be written, for instance because a part of it comes from the
// environment.
func (r *resolver) inline(key, text string) string {
	pointer := "/" + strings.NewReplacer("~", "~0", ".", "/", "[", "/", "]", "").Replace(key)
	for _, p := range []string{pointer, pointer + "/text"} {
		spec := source.Spec{Kind: source.YAML, Path: r.loaded.Path, Pointer: p}
		if found, err := source.Extract(spec, r.loaded.raw); err == nil && found == strings.TrimRight(text, "\n") {
			return spec.String()
		}
	}
	return ""
}

// kept refuses texts to be kept that are not there in the first place.
func (r *resolver) kept(key string, keep Strings, text string) {
	for i, k := range keep {
		if text != "" && !strings.Contains(text, k) {
			r.errs = append(r.errs, r.loaded.document.Errorf(key, "the text does not hold %q, number %d of those to keep: write it as it stands there, or take it out", k, i+1))
		}
	}
}

func (r *resolver) components(key string, specs []ComponentSpec) []ComponentSpec {
	specs = slices.Clone(specs)
	for i, c := range specs {
		p := r.prompt(key+index(i), c.Name, Prompt{Text: c.Text, File: c.File, Keep: c.Keep})
		specs[i].Text, specs[i].File = p.Text, p.File
	}
	return specs
}

func (r *resolver) program(p ProgramSpec) *ProgramSpec {
	p.Modules = slices.Clone(p.Modules)
	for i, m := range p.Modules {
		key := "system.program.modules" + index(i)
		m.Instructions = r.prompt(key+".instructions", m.component(), m.Instructions)
		for _, field := range m.Optimize {
			text := m.Descriptions[field]
			r.place(m.component()+"."+field, r.inline(key+".descriptions."+field, text), text)
		}
		m.Demos, m.DemosFile = append(slices.Clone(m.Demos), r.demos(key+".demos_file", m.DemosFile)...), ""
		p.Modules[i] = m
	}
	return &p
}

// component returns the name of the component that a module's instructions are.
func (m ModuleSpec) component() string {
	if m.Kind == program.KindChainOfThought {
		return m.Name + ".predict"
	}
	return m.Name
}

// artefact notes where an artefact's texts stand, and keeps the files that they
// stand in.
func (r *resolver) artefact(a ArtefactSpec) *ArtefactSpec {
	a.Dir = r.path(orDefault(a.Dir, "."))
	texts, err := a.texts(nil)
	if err != nil {
		r.errs = append(r.errs, r.loaded.document.Errorf("system.artefact.files", "%v: check the path, which is relative to %s", err, a.Dir))
		return &a
	}
	for _, t := range texts {
		r.place(t.Name, t.at, t.Text)
		r.kept("system.artefact.keep."+t.Name, a.Keep[t.Name], t.Text)
	}
	return &a
}

// artefactText is a text of an artefact with its place and its file.
type artefactText struct {
	rollout.ArtefactText
	at, path string
}

// texts reads the texts of an artefact. Files that are kept are not read again.
func (a ArtefactSpec) texts(kept map[string]string) ([]artefactText, error) {
	var out []artefactText
	for _, file := range a.Files {
		given, err := source.Parse(file)
		if err != nil {
			return nil, err
		}
		at := given.In(orDefault(a.Dir, "."))
		content := []byte(kept[at.Path])
		if _, ok := kept[at.Path]; !ok {
			if content, err = os.ReadFile(at.Path); err != nil {
				return nil, fmt.Errorf("%s: cannot be read: %w", at.Path, plain(err))
			}
		}
		text, err := source.Extract(at, content)
		if err != nil {
			return nil, err
		}
		name := given
		name.Path = rollout.ArtefactName(given.Path)
		out = append(out, artefactText{rollout.ArtefactText{
			Name: name.String(), Text: text, File: name.Path, Content: content,
			Put: func(content []byte, text string) ([]byte, error) { return source.Replace(at, content, text) },
		}, at.String(), at.Path})
	}
	return out, nil
}

// keep returns the texts that must survive, by component.
func (s System) keep() map[string][]string {
	out := map[string][]string{}
	add := func(component string, texts Strings) {
		if len(texts) > 0 {
			out[component] = texts
		}
	}
	switch {
	case s.Program != nil:
		for _, m := range s.Program.Modules {
			add(m.component(), m.Instructions.Keep)
		}
	case s.Artefact != nil:
		for name, texts := range s.Artefact.Keep {
			add(name, texts)
		}
	}
	for _, c := range s.specs() {
		add(c.Name, c.Keep)
	}
	return out
}

// specs returns the components that the configuration names.
func (s System) specs() []ComponentSpec {
	switch {
	case s.Worker != nil:
		return s.Worker.Components
	case s.Command != nil:
		return s.Command.Components
	case s.Webhook != nil:
		return s.Webhook.Components
	}
	return nil
}

// absolutePlaces returns places that mean the same in any folder.
func absolutePlaces(places []Place) ([]Place, error) {
	out := slices.Clone(places)
	for i, p := range out {
		spec, err := source.Parse(p.At)
		if err != nil {
			return nil, err
		}
		if spec.Path, err = filepath.Abs(spec.Path); err != nil {
			return nil, err
		}
		out[i].At = spec.String()
	}
	return out, nil
}

// keptFiles returns the content of the files that an artefact's texts stand in,
// by absolute path: what a session that comes later goes on with.
func (o Optimize) keptFiles() (map[string]string, error) {
	if o.System.Artefact == nil {
		return nil, nil
	}
	texts, err := o.System.Artefact.texts(o.files)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, t := range texts {
		path, err := filepath.Abs(t.path)
		if err != nil {
			return nil, err
		}
		out[path] = string(t.Content)
	}
	return out, nil
}

// keptComponents returns the texts that a worker or a service said of itself.
func (o Optimize) keptComponents(sys gepa.System) []gepa.Component {
	if (o.System.Worker != nil || o.System.Webhook != nil) && len(o.System.specs()) == 0 {
		return sys.Components()
	}
	return nil
}
