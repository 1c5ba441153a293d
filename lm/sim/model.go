package sim

import (
	"context"
	"fmt"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// Options configure a [Model]. The zero value is ready to use.
type Options struct {
	// Seed chooses the luck of every call.
	Seed uint64
	// Skills are asked before the built-in ones, in order; the first that can
	// handle a prompt answers it.
	Skills []Skill
}

// A Skill is one kind of task that the simulator can do.
//
// Implementations must be safe for concurrent use and deterministic: all
// chance comes from [Task.Dice].
type Skill interface {
	// Name says which skill it is; it also keeps the luck of different skills
	// apart.
	Name() string
	// CanHandle reports whether the skill is meant for a prompt of this
	// structure.
	CanHandle(p *Prompt) bool
	// Answer does the task.
	Answer(t Task) Answer
}

// A Task is one prompt to answer.
type Task struct {
	// Prompt is what was asked. It is shared and must not be changed.
	Prompt *Prompt
	// Guidance is what the prompt's instruction was understood to ask for.
	Guidance Guidance
	// Dice gives the call's chance outcomes.
	Dice Dice
}

// An Answer is what a skill has to say.
type Answer struct {
	// Fields holds the outputs by name. Outputs not in it get a harmless value
	// of their type. For a prompt without declared outputs the reply is the
	// value of "".
	Fields map[string]string
	// Text, if not empty, is the whole reply, whatever the prompt's format: a
	// reply that ignores what it was told.
	Text string
}

// A Model simulates a language model. It is safe for concurrent use.
type Model struct {
	seed   uint64
	skills []Skill
	lex    lexicon
	known  *memory[string, Guidance] // instructions read so far
}

// The bounds of a model's memory. A run has far fewer instructions at work at a
// time, and comes back to the same hundred or so of validation examples; one
// reading takes some hundred kilobytes.
const (
	knownInstructions = 256
	knownReadings     = 192
)

var _ lm.Model = (*Model)(nil)

// New returns a simulated model.
func New(o Options) *Model {
	m := &Model{seed: o.Seed, lex: newLexicon(), known: newMemory[string, Guidance](knownInstructions)}
	m.skills = append(m.skills, o.Skills...)
	m.skills = append(m.skills, mender{}, sorter{}, extractor{}, reflector{}, judge{}, newReader(m.lex))
	return m
}

// Name returns "sim".
func (m *Model) Name() string { return "sim" }

// Identity returns the seed: models of different seeds answer differently, and
// caches must tell them apart.
func (m *Model) Identity() string { return fmt.Sprintf("seed %d", m.seed) }

// Complete answers a request. The only error is the context's.
func (m *Model) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	if err := ctx.Err(); err != nil {
		return lm.Reply{}, err
	}
	p := parsePrompt(req.Messages)
	if req.JSON && p.Format == FormatChat {
		p.Format = FormatJSON
	}
	text, finish := limit(m.answer(p, req.Repeat), req.Params)
	usage := gepa.Usage{Calls: 1, OutputTokens: tokens(text)}
	for _, msg := range req.Messages {
		usage.InputTokens += tokens(msg.Content)
	}
	return lm.Reply{Text: text, Finish: finish, Usage: usage, Model: m.Name()}, nil
}

func (m *Model) answer(p *Prompt, repeat int) string {
	for _, s := range m.skills {
		if !s.CanHandle(p) {
			continue
		}
		t := Task{Prompt: p, Guidance: m.guidance(p.Instruction), Dice: Dice{seed: m.seed ^ contentOf(s.Name()), repeat: repeat, shape: materialShape(p)}}
		a := s.Answer(t)
		if a.Text != "" {
			return a.Text
		}
		return writeReply(p, a.Fields)
	}
	return writeReply(p, nil)
}

// materialShape is the shape of a prompt's first two inputs, the question and
// its material in the programs that the reader knows: later inputs (drafts,
// reasons) are made by other calls, and luck should not turn on them.
func materialShape(p *Prompt) uint64 {
	var texts []string
	for i, f := range p.Inputs {
		if i < 2 {
			texts = append(texts, p.Value(f.Name))
		}
	}
	if len(texts) == 0 {
		texts = append(texts, p.Text)
	}
	return shapeOf(texts...)
}

// guidance reads an instruction, or remembers it.
func (m *Model) guidance(instruction string) Guidance {
	return m.known.get(instruction, func() Guidance { return m.lex.follows(instruction) })
}

// tokens estimates the tokens of a text at four bytes each, which is near what
// English takes.
func tokens(text string) int64 { return int64(len(text)+3) / 4 }

// limit cuts a reply where the parameters say so.
func limit(text string, p lm.Params) (string, lm.Finish) {
	for _, stop := range p.Stop {
		if i := strings.Index(text, stop); stop != "" && i >= 0 {
			text = text[:i]
		}
	}
	if p.MaxTokens > 0 && tokens(text) > int64(p.MaxTokens) {
		return strings.ToValidUTF8(text[:4*p.MaxTokens], ""), lm.FinishLength
	}
	return text, lm.FinishStop
}
