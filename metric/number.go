package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa"
)

// numberPattern finds numbers in text: with a sign, with commas or narrow
// spaces between groups of three digits, with a fraction and an exponent.
const numberPattern = `[-+−]?(?:\d{1,3}(?:[,\x{00a0}\x{202f}]\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?`

// lastNumber returns the last number in a text, which is where answers stand
// after reasoning.
func lastNumber(pattern *regexp.Regexp, text string) (value float64, as string, ok bool) {
	all := pattern.FindAllStringIndex(text, -1)
	for _, at := range slices.Backward(all) {
		from, to := at[0], at[1]
		found := text[from:to]
		if !strings.ContainsAny(found, "0123456789") {
			continue
		}
		// A hyphen between words or numbers, as in 2019-12 or a-1, is no sign.
		if from > 0 && strings.ContainsAny(found[:1], "-+") && isWordByte(text[from-1]) {
			found = found[1:]
		}
		plain := strings.NewReplacer(",", "", "\u00a0", "", "\u202f", "", "−", "-").Replace(found)
		n, err := strconv.ParseFloat(plain, 64)
		if err == nil && !math.IsInf(n, 0) {
			return n, found, true
		}
	}
	return 0, "", false
}

func isWordByte(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

func makeNumber(s Spec) (measure, gepa.Objective, error) {
	if s.Tolerance < 0 || s.Relative < 0 || math.IsNaN(s.Tolerance+s.Relative) {
		return nil, gepa.Objective{}, fmt.Errorf("the tolerance %v and the relative one %v must not be negative", s.Tolerance, s.Relative)
	}
	pattern := regexp.MustCompile(numberPattern)
	return func(in Input, t target) (float64, string, error) {
		golds, err := goldNumbers(pattern, in.Example, t.label)
		if err != nil {
			return 0, "", err
		}
		got, as, ok := lastNumber(pattern, t.text)
		if !ok {
			return 0, fmt.Sprintf("The output %s holds no number; the gold number is %s.", quote(t.text), formatNumber(golds[0])), nil
		}
		for _, gold := range golds {
			// Decimal fractions are not exact in binary: the last bits do not count.
			if off := math.Abs(got - gold); off <= max(s.Tolerance, s.Relative*math.Abs(gold))+1e-9*math.Abs(gold) {
				return 1, fmt.Sprintf("Correct: %s is the gold number %s%s.", as, formatNumber(gold), s.within()), nil
			}
		}
		words := fmt.Sprintf("The number %s is wrong: the gold number is %s%s", as, formatNumber(golds[0]), s.within())
		if gold := golds[0]; gold != 0 {
			words += fmt.Sprintf(", and this is off by %s %%", formatNumber(math.Abs(got-gold)/math.Abs(gold)*100))
			switch got / gold {
			case 100, 0.01:
				words += " (a factor of 100: perhaps a percentage)"
			case -1:
				words += " (the sign is wrong)"
			}
		}
		return 0, words + ".", nil
	}, gepa.Objective{}, nil
}

func (s Spec) within() string {
	switch {
	case s.Tolerance > 0:
		return " (within " + formatNumber(s.Tolerance) + ")"
	case s.Relative > 0:
		return " (within " + formatNumber(s.Relative*100) + " %)"
	}
	return ""
}

func formatNumber(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

// goldNumbers returns the numbers of a label: a number, a text that holds one,
// or a list of them.
func goldNumbers(pattern *regexp.Regexp, ex gepa.Example, label string) ([]float64, error) {
	raw, _ := ex.Labels.Get(label)
	var one float64
	if json.Unmarshal(raw, &one) == nil {
		return []float64{one}, nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw}
	}
	var out []float64
	for _, item := range items {
		var text string
		if json.Unmarshal(item, &one) == nil {
			out = append(out, one)
			continue
		}
		if json.Unmarshal(item, &text) != nil {
			return nil, wrongLabel(ex, label, "a number")
		}
		n, _, ok := lastNumber(pattern, text)
		if !ok {
			return nil, wrongLabel(ex, label, "a number")
		}
		out = append(out, n)
	}
	if len(out) == 0 {
		return nil, wrongLabel(ex, label, "a number")
	}
	return out, nil
}
