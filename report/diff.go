package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/gepa-go/gepa"
)

// A Diff is one candidate of a run beside another: the object that "gepa diff
// --json" prints.
type Diff struct {
	// Format is the version of this form.
	Format int `json:"format"`
	// Simulated says that a simulated model played a role in the run.
	Simulated bool `json:"simulated"`
	// Candidate is compared with Against, both ids.
	Candidate int `json:"candidate"`
	Against   int `json:"against"`
	// Components are the texts, in the system's order.
	Components []ComponentDiff `json:"components"`
	// Validation compares the two on the validation set, by which candidates
	// were chosen: it flatters the winner.
	Validation Pairing `json:"validation"`
	// Conclusion is what the figures support, in a sentence.
	Conclusion string `json:"conclusion"`
}

// A ComponentDiff is one component's text in two candidates.
type ComponentDiff struct {
	Name    string `json:"name"`
	Changed bool   `json:"changed"`
	Before  string `json:"before"`
	After   string `json:"after"`
	// Words are the difference, word by word.
	Words []Words `json:"words"`
	// Steps are the changes of this text between the two, in the order in
	// which they were made, each with what it won and lost.
	Steps []DiffStep `json:"steps"`
}

// A DiffStep is one candidate beside the parent that it was made from.
type DiffStep struct {
	// From is the parent, To the candidate; Proposal made it.
	From     int `json:"from"`
	To       int `json:"to"`
	Proposal int `json:"proposal"`
	// Changed names all components that differ. Where it is more than the one
	// that the step is listed under, what was won and lost is of all together.
	Changed    []string `json:"changed"`
	Validation Pairing  `json:"validation"`
}

// NewDiff compares two candidates of a run, by their ids. It panics if there
// is no such candidate.
func NewDiff(s *gepa.State, candidate, against int, simulated bool) (Diff, error) {
	d := Diff{Format: Format, Simulated: simulated, Candidate: candidate, Against: against}
	pool := s.Pool()
	one, two := pool[against], pool[candidate]
	var err error
	if d.Validation, err = pairMembers(s, one, two); err != nil {
		return d, err
	}
	d.Conclusion = d.Validation.Sentence(fmt.Sprintf("On the examples by which candidates were chosen, candidate %d", candidate), simulated)
	steps, err := diffSteps(s, candidate, against)
	if err != nil {
		return d, err
	}
	for _, c := range s.Run().Components {
		cd := ComponentDiff{Name: c.Name, Before: one.Texts[c.Name], After: two.Texts[c.Name], Steps: []DiffStep{}}
		cd.Changed = cd.Before != cd.After
		cd.Words = append([]Words{}, WordDiff(cd.Before, cd.After)...)
		for _, step := range steps {
			if cd.Changed && slices.Contains(step.Changed, c.Name) {
				cd.Steps = append(cd.Steps, step)
			}
		}
		d.Components = append(d.Components, cd)
	}
	return d, nil
}

// diffSteps returns the steps that lead from one candidate to another. Where
// the one is no ancestor of the other, there is no way between them and the
// whole difference is the only step.
func diffSteps(s *gepa.State, candidate, against int) ([]DiffStep, error) {
	pool := s.Pool()
	own := lineage(pool, candidate)
	if !slices.Contains(own, against) {
		return oneStep(s, candidate, against)
	}
	before := lineage(pool, against)
	var steps []DiffStep
	for _, id := range own {
		m := pool[id]
		if slices.Contains(before, id) || len(m.Parents) != 1 {
			continue // a merge makes no text: what it took was made by a step of its own
		}
		step, err := oneStep(s, id, m.Parents[0])
		if err != nil {
			return nil, err
		}
		steps = append(steps, step...)
	}
	return steps, nil
}

func oneStep(s *gepa.State, to, from int) ([]DiffStep, error) {
	pool := s.Pool()
	step := DiffStep{From: from, To: to, Proposal: pool[to].Proposal, Changed: []string{}}
	for _, c := range s.Run().Components {
		if pool[from].Texts[c.Name] != pool[to].Texts[c.Name] {
			step.Changed = append(step.Changed, c.Name)
		}
	}
	var err error
	step.Validation, err = pairMembers(s, pool[from], pool[to])
	return []DiffStep{step}, err
}

// pairMembers compares two candidates by their rollouts on the validation set.
func pairMembers(s *gepa.State, base, other gepa.Member) (Pairing, error) {
	run := s.Run()
	return Pair(Scored(s, run.Validation, base.Texts), Scored(s, run.Validation, other.Texts), run.Options.Objectives)
}

// Scored returns a candidate's rollouts on examples of a run, those that were
// made.
func Scored(s *gepa.State, refs []gepa.ExampleRef, texts gepa.Candidate) []ScoredExample {
	var out []ScoredExample
	hash := texts.Hash()
	for _, ref := range refs {
		if r, done := s.Rollout(gepa.RolloutKey{Candidate: hash, Example: ref.Hash}); done {
			out = append(out, ScoredExample{ref.ID, ref.Hash, r})
		}
	}
	return out
}

// diffExamples is how many examples of a kind a text shows.
const diffExamples = 10

// Text writes the diff for people.
func (d Diff) Text(w io.Writer, o TextOptions) error {
	p := newPage(o)
	simulated := choose(d.Simulated, " (simulated)", "")
	base, other := fmt.Sprintf("candidate %d", d.Against), fmt.Sprintf("candidate %d", d.Candidate)
	p.head(fmt.Sprintf("Candidate %d against %d%s", d.Candidate, d.Against, simulated),
		fmt.Sprintf("%s, on which candidates were chosen; %s", count(d.Validation.N, "validation example"), d.Validation.counts()))
	d.Validation.table(p, base, other)
	p.line("")
	p.para(p.paint(bold, d.Conclusion))
	if d.Simulated {
		p.para(p.paint(warn, "Simulated: the offline stand-in, which is no language model, ran the program, judged it or wrote the texts."))
	}
	for _, c := range d.Components {
		p.line("")
		if !c.Changed {
			p.line(p.paint(bold, c.Name) + p.paint(dim, "  unchanged"))
			continue
		}
		p.line(p.paint(bold, c.Name))
		p.words("  ", c.Words)
		for _, step := range c.Steps {
			p.line("")
			with := ""
			if len(step.Changed) > 1 {
				with = ", all of " + listWords(step.Changed) + " together"
			}
			p.hanging("  ", fmt.Sprintf("%d → %d%s%s: %s. Score %s.", step.From, step.To,
				choose(step.Proposal > 0, fmt.Sprintf(", proposal %d", step.Proposal), ""), with, step.Validation.counts(), verdictWords(step.Validation.Score())))
			step.Validation.examples(p, "    ", diffExamples)
		}
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}
