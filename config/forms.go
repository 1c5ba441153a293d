package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/program"
	"github.com/gepa-go/gepa/program/hotpotqa"
	"github.com/gepa-go/gepa/report"
)

// The forms in which a candidate's texts can be had; see docs/compare.md.
const (
	// FormDSPy is a program as DSPy saves its state.
	FormDSPy = "dspy"
	// FormMarkdown is for people.
	FormMarkdown = "markdown"
	// FormJSON is an object with the text of each component.
	FormJSON = "json"
	// FormPromptfoo is a configuration of promptfoo with one prompt a component.
	FormPromptfoo = "promptfoo"
)

// Forms lists the forms.
func Forms() []string { return []string{FormDSPy, FormMarkdown, FormJSON, FormPromptfoo} }

// Texts returns a candidate's texts in one of the [Forms]. Name is the
// candidate's, as [Kept.Member] takes it. Its errors match ErrUsage.
func (k *Kept) Texts(form, name string) ([]byte, error) {
	m, err := k.Member(name, -1)
	if err != nil {
		return nil, err
	}
	switch form {
	case FormDSPy:
		prog, err := k.program()
		if err != nil {
			return nil, err
		}
		return prog.State(m.Texts).Bytes(), nil
	case FormMarkdown:
		return k.markdown(m)
	case FormJSON:
		return k.textsJSON(m.Texts)
	case FormPromptfoo:
		return k.promptfoo(m)
	}
	return nil, usagef("there is no form %q: want %s%s", form, orWords(Forms()), DidYouMean(form, Forms()))
}

// program returns the program that the run optimized: the built-in one, or the
// one that its settings declare.
func (k *Kept) program() (*program.Program, error) {
	prog := hotpotqa.New()
	if name, _ := k.names(); name != "hotpotqa" {
		o, err := stored(k.Folder, k.meta)
		if err != nil || !o.System.isProgram() {
			return nil, usagef("the run in %s is not of a program that gepa knows, so that its modules are not known: take --format json, markdown or promptfoo", k.Folder)
		}
		if prog, err = o.declared(); err != nil {
			return nil, fmt.Errorf("the run in %s: %w", k.Folder, err)
		}
	}
	return startedFrom(prog, filepath.Join(k.Folder, StartFile))
}

// startedFrom applies a saved program, if there is one.
func startedFrom(prog *program.Program, path string) (*program.Program, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return prog, nil
	}
	state, err := program.LoadState(path)
	if err != nil {
		return nil, usage{err}
	}
	if prog, err = prog.Apply(state); err != nil {
		return nil, usagef("%s: %w", path, err)
	}
	return prog, nil
}

// textsJSON keeps the components in the system's order.
func (k *Kept) textsJSON(texts gepa.Candidate) ([]byte, error) {
	var f []any
	for _, c := range k.Story.State.Run().Components {
		f = append(f, c.Name, texts[c.Name])
	}
	return report.Indented(gepa.NewFields(f...))
}

func (k *Kept) markdown(m gepa.Member) ([]byte, error) {
	s, err := k.Summary()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	simulated := ""
	if s.Simulated {
		simulated = " (simulated: a stand-in answered, no language model)"
	}
	fmt.Fprintf(&b, "# %s, candidate %d\n\n", runName(k.Folder), m.ID)
	fmt.Fprintf(&b, "Mean validation score%s: %.4f on %d examples; the base has %.4f.\n", simulated, m.Mean, m.Validated, k.Story.State.Pool()[0].Mean)
	if s.Winner != nil && s.Winner.Candidate == m.ID && m.ID != 0 {
		b.WriteString("It was chosen by this score, which therefore flatters it.\n")
		if s.Test != nil {
			fmt.Fprintf(&b, "\nSealed test set%s, %d examples: %s\n", simulated, s.Test.N, s.Test.Conclusion)
		}
	}
	for _, c := range s.Components {
		text := m.Texts[c.Name]
		fence := "```"
		for strings.Contains(text, fence) {
			fence += "`"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%stext\n%s\n%s\n", c.Name, fence, strings.TrimRight(text, "\n"), fence)
	}
	return []byte(b.String()), nil
}

// promptfooConfig is as much of a promptfoo configuration as is written.
type promptfooConfig struct {
	Description string              `yaml:"description"`
	Prompts     []promptfooPrompt   `yaml:"prompts"`
	Providers   []promptfooProvider `yaml:"providers"`
	Tests       []promptfooTest     `yaml:"tests,omitempty"`
}

type promptfooPrompt struct {
	ID    string `yaml:"id"`
	Label string `yaml:"label"`
	Raw   string `yaml:"raw"`
}

type promptfooProvider struct {
	ID string `yaml:"id"`
}

type promptfooTest struct {
	Description string        `yaml:"description"`
	Vars        yaml.MapSlice `yaml:"vars"`
}

// promptfoo writes a prompt for each component: the messages that the program
// would send, with variables in the place of the inputs, or the text alone
// where the program is not known.
func (k *Kept) promptfoo(m gepa.Member) ([]byte, error) {
	_, models := k.names()
	c := promptfooConfig{
		Description: fmt.Sprintf("%s, candidate %d", runName(k.Folder), m.ID),
		Providers:   []promptfooProvider{{promptfooModel(models.Task.Name)}},
	}
	prog, err := k.program()
	if err != nil {
		prog = nil // its texts are all that is known of it
	}
	vars := yaml.MapSlice{}
	for _, comp := range k.Story.State.Run().Components {
		p := promptfooPrompt{ID: comp.Name, Label: comp.Name, Raw: rawNunjucks(m.Texts[comp.Name])}
		if prog != nil {
			sig, _ := prog.Signature(comp.Name)
			var inputs []string
			if p.Raw, inputs, err = promptTemplate(sig.WithInstructions(m.Texts[comp.Name])); err != nil {
				return nil, fmt.Errorf("component %s: %w", comp.Name, err)
			}
			for _, name := range inputs {
				if !hasKey(vars, name) {
					vars = append(vars, yaml.MapItem{Key: name, Value: "write the " + name + " here"})
				}
			}
		}
		c.Prompts = append(c.Prompts, p)
	}
	if len(vars) > 0 {
		c.Tests = []promptfooTest{{"an example of your own: gepa keeps no data in a run", vars}}
	}
	raw, err := yaml.MarshalWithOptions(c, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		return nil, err
	}
	return append([]byte("# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json\n"), raw...), nil
}

func hasKey(m yaml.MapSlice, key string) bool {
	for _, item := range m {
		if item.Key == key {
			return true
		}
	}
	return false
}

// promptTemplate returns a module's messages as promptfoo takes a
// conversation: JSON, with {{name}} in the place of each input.
func promptTemplate(sig program.Signature) (raw string, inputs []string, err error) {
	const edge = "\x00" // nothing that a text holds
	var values []any
	for _, f := range sig.Inputs {
		inputs = append(inputs, f.Name)
		values = append(values, f.Name, edge+f.Name+edge)
	}
	messages, err := program.ChatFormat{}.Messages(sig, nil, gepa.NewFields(values...))
	if err != nil {
		return "", nil, err
	}
	for i, m := range messages {
		var b strings.Builder
		for n, part := range strings.Split(m.Content, edge) {
			if n%2 == 0 {
				b.WriteString(rawNunjucks(part))
			} else {
				b.WriteString("{{" + part + "}}")
			}
		}
		messages[i].Content = b.String()
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(messages); err != nil {
		return "", nil, err
	}
	return out.String(), inputs, nil
}

// rawNunjucks keeps promptfoo's template language out of a text.
func rawNunjucks(text string) string {
	for _, mark := range []string{"{{", "{%", "{#"} {
		if strings.Contains(text, mark) {
			return "{% raw %}" + strings.ReplaceAll(text, "{% endraw %}", "{% endraw %}{{'{%'}} endraw %}{% raw %}") + "{% endraw %}"
		}
	}
	return text
}

// promptfooModel returns a model's name as promptfoo has it. A model that it
// cannot ask is replaced by its provider that repeats the prompt.
func promptfooModel(name string) string {
	provider, model := lm.ParseName(name)
	switch provider {
	case "":
		return "echo"
	case "anthropic":
		return "anthropic:messages:" + model
	case "gemini":
		return "google:" + model
	default:
		return provider + ":" + model
	}
}
