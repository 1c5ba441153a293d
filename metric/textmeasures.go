package metric

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

func measureExact(in Input, t target) (float64, string, error) {
	golds, err := t.golds(in)
	if err != nil {
		return 0, "", err
	}
	c := compare(t.text, golds, f1)
	return exactly(c), c.String(), nil
}

func measureF1(in Input, t target) (float64, string, error) {
	golds, err := t.golds(in)
	if err != nil {
		return 0, "", err
	}
	c := compare(t.text, golds, f1)
	return c.f1, c.String(), nil
}

func measureEqual(in Input, t target) (float64, string, error) {
	golds, err := t.golds(in)
	if err != nil {
		return 0, "", err
	}
	text := strings.TrimSpace(t.text)
	for _, gold := range golds {
		if text == strings.TrimSpace(gold) {
			return 1, fmt.Sprintf("Correct: the output %s is exactly as wanted.", quote(text)), nil
		}
	}
	for _, gold := range golds {
		if strings.EqualFold(text, strings.TrimSpace(gold)) {
			return 0, fmt.Sprintf("The output %s differs from the gold answer %s in upper and lower case, which counts.", quote(text), quote(gold)), nil
		}
	}
	return 0, fmt.Sprintf("The output %s is not the gold answer %s, to which it must be equal character by character.", quote(text), quote(golds[0])), nil
}

func measureContains(in Input, t target) (float64, string, error) {
	golds, err := t.golds(in)
	if err != nil {
		return 0, "", err
	}
	held := paragraph{text: " " + NormalizeText(t.text) + " "}
	for _, gold := range golds {
		if held.holds(gold) {
			return 1, fmt.Sprintf("Correct: the output holds %s.", quote(gold)), nil
		}
	}
	if strings.TrimSpace(t.text) == "" {
		return 0, fmt.Sprintf("The output is empty; it should hold %s.", quote(golds[0])), nil
	}
	return 0, fmt.Sprintf("The output %s does not hold %s.", quote(t.text), quote(golds[0])), nil
}

// makeRegex compiles the pattern once, or where the label holds it, for every
// example.
func makeRegex(s Spec) (measure, gepa.Objective, error) {
	var fixed *regexp.Regexp
	if s.Pattern != "" {
		var err error
		if fixed, err = regexp.Compile(s.Pattern); err != nil {
			return nil, gepa.Objective{}, fmt.Errorf("the pattern is no regular expression: %w", err)
		}
	}
	return func(in Input, t target) (float64, string, error) {
		patterns := []*regexp.Regexp{fixed}
		if fixed == nil {
			golds, err := t.golds(in)
			if err != nil {
				return 0, "", err
			}
			patterns = nil
			for _, gold := range golds {
				p, err := regexp.Compile(gold)
				if err != nil {
					return 0, "", gepa.Fatal(fmt.Errorf("metric: example %q: label %q is no regular expression: %w: correct the data", in.Example.ID, t.label, err))
				}
				patterns = append(patterns, p)
			}
		}
		for _, p := range patterns {
			if p.MatchString(t.text) {
				return 1, fmt.Sprintf("Correct: the output has the form %s.", quote(p.String())), nil
			}
		}
		return 0, fmt.Sprintf("The output %s does not have the form of the regular expression %s.", quote(t.text), quote(patterns[0].String())), nil
	}, gepa.Objective{}, nil
}

// measureRougeL is ROUGE-L (Lin 2004) as the package rouge-score computes it
// without stemming: lower case, words of letters and digits, and the harmonic
// mean of precision and recall by the longest common subsequence; the best
// over all gold texts. Unlike there, letters beyond ASCII belong to words.
func measureRougeL(in Input, t target) (float64, string, error) {
	golds, err := t.golds(in)
	if err != nil {
		return 0, "", err
	}
	words := rougeWords(t.text)
	var top rouge
	for i, gold := range golds {
		if r := rougeL(words, rougeWords(gold)); i == 0 || r.f > top.f {
			top = r
		}
	}
	text := fmt.Sprintf("ROUGE-L is %.2f: %d of the reference's %d words occur in its order (recall %.2f), in an output of %d words (precision %.2f).",
		top.f, top.common, top.reference, top.recall, len(words), top.precision)
	switch {
	case top.f == 1:
		text = "Correct: the output has the words of the reference, in its order."
	case len(words) == 0:
		text = "The output is empty. " + text
	case top.recall <= top.precision/2:
		text += " Much of what the reference says is missing."
	case top.precision <= top.recall/2:
		text += " The output says much that the reference does not."
	}
	return top.f, text, nil
}

type rouge struct {
	precision, recall, f float64
	common, reference    int
}

func rougeWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

// mostWords bounds the longest common subsequence, which takes time and is
// quadratic in the number of words.
const mostWords = 20_000

func rougeL(words, reference []string) rouge {
	words, reference = words[:min(len(words), mostWords)], reference[:min(len(reference), mostWords)]
	r := rouge{reference: len(reference)}
	if len(words) == 0 || len(reference) == 0 {
		return r
	}
	r.common = commonSubsequence(words, reference)
	r.precision = float64(r.common) / float64(len(words))
	r.recall = float64(r.common) / float64(len(reference))
	if r.common > 0 {
		r.f = 2 * r.precision * r.recall / (r.precision + r.recall)
	}
	return r
}

// commonSubsequence returns the length of the longest one.
func commonSubsequence(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func makeLength(s Spec) (measure, gepa.Objective, error) {
	objective := gepa.Objective{Direction: gepa.Minimize, Min: s.Min, Max: s.Max}
	if objective.Max <= objective.Min {
		objective.Max = objective.Min + 1000
	}
	unit := s.Unit
	switch unit {
	case "":
		unit = "words"
	case "words", "characters":
	default:
		return nil, objective, fmt.Errorf("the unit %q is neither words nor characters", unit)
	}
	return func(_ Input, t target) (float64, string, error) {
		n := utf8.RuneCountInString(t.text)
		if unit == "words" {
			n = len(strings.Fields(t.text))
		}
		words := fmt.Sprintf("The output has %d %s.", n, unit)
		if s.Max > s.Min && float64(n) > s.Min {
			words = fmt.Sprintf("The output has %d %s; up to %g is best, and %g is too many.", n, unit, s.Min, s.Max)
		}
		return float64(n), words, nil
	}, objective, nil
}

func makeLatency(s Spec) (measure, gepa.Objective, error) {
	objective := gepa.Objective{Direction: gepa.Minimize, Min: s.Min, Max: s.Max}
	if objective.Max <= objective.Min {
		objective.Max = objective.Min + 60
	}
	return func(in Input, _ target) (float64, string, error) {
		seconds := in.Elapsed.Seconds()
		return seconds, fmt.Sprintf("It took %.2f s.", seconds), nil
	}, objective, nil
}

func makeCost(s Spec) (measure, gepa.Objective, error) {
	objective := gepa.Objective{Direction: gepa.Minimize, Min: s.Min, Max: s.Max}
	if objective.Max <= objective.Min {
		objective.Max = objective.Min + 1
	}
	return func(in Input, _ target) (float64, string, error) {
		if !in.Usage.Cost.Known() {
			return 0, "", gepa.Fatal(fmt.Errorf("metric: the cost of %d of the program's calls is not known, so that it cannot be measured: give the model's price, or measure something else", in.Usage.Cost.Unknown))
		}
		return float64(in.Usage.Cost.Nanos) / 1e9, fmt.Sprintf("It cost %s.", in.Usage.Cost), nil
	}, objective, nil
}
