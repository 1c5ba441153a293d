package config

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A Bound is what a run without a cap on dollars can cost, as far as that can
// be told before it.
type Bound struct {
	// Nanos is the most, in billionths of a dollar, if every component is asked
	// once a rollout and every call is answered, at the first attempt, in the
	// form that was asked for. 0 if Unknown says why there is no such figure.
	Nanos   int64
	Unknown string
	// Loose names the flags that would lower it: of roles whose replies are
	// bounded by nothing but what the model can write at all.
	Loose []string
}

// promptTokens is the most that a prompt has beside the data and the
// instruction: field descriptions, the form of the reply, what providers add.
const promptTokens = 2048

// bound works out what a run can cost: every call at the price of the longest
// input there can be, a token a byte, and of the longest reply.
func (o Optimize) bound(r *Run) Bound {
	var b Bound
	if !o.System.isProgram() {
		return Bound{Unknown: "what the system's own calls cost is not known before it says so"}
	}
	var played roles
	list, err := o.played(&played)
	if err != nil {
		return Bound{Unknown: err.Error()} // not reached: Build played them
	}
	output := map[string]int64{} // by the role's prefix
	var missing []string
	for _, role := range list {
		price := r.calls.price(role.name)
		if price == nil {
			return Bound{Unknown: "the price of " + role.name + " is not known"}
		}
		most := int64(role.params.MaxTokens)
		if most == 0 {
			most = price.MaxOutput
			b.Loose = append(b.Loose, "--"+role.prefix+"max-tokens")
		}
		if most == 0 && !r.calls.free(role.name) {
			missing = append(missing, "--"+role.prefix+"max-tokens N")
		}
		output[role.prefix] = most
	}
	plan := r.Plan()
	switch {
	case len(missing) > 0:
		return Bound{Unknown: "replies have no longest length; " + strings.Join(missing, " ") + " would give them one"}
	case plan.Budget.Proposals == 0:
		return Bound{Unknown: "a search may reflect as often as it likes; --iterations N would bound it"}
	}
	var sum uint64
	add := func(price *lm.Price, calls, input, output int64) {
		if price != nil {
			sum = addUp(sum, uint64(max(calls, 0)), uint64(price.Most(input, output)))
		}
	}
	components := int64(len(r.System.Components()))
	example := longest(r.Data)
	instruction := output["reflection-"]
	for _, c := range r.System.Components() {
		instruction = max(instruction, int64(len(c.Text)))
	}
	rollout := example + components*output[""] // what a rollout can show of itself
	proposals, rewritten := int64(plan.Budget.Proposals), int64(1)
	if r.Options.Components == gepa.ComponentAll {
		rewritten = components
	}
	batch := int64(plan.Minibatch)
	add(r.Models.Task.Price, int64(plan.Search+plan.Reading)*components, rollout+instruction+promptTokens, output[""])
	add(r.Models.Judge.Price, proposals*rewritten*batch, 2*rollout+instruction+promptTokens, output["judge-"])
	children, rejected := int64(max(r.Options.Children, 1)), int64(r.Options.Memory)
	add(r.Models.Reflection.Price, proposals*rewritten*children,
		batch*(2*rollout+output["judge-"]+promptTokens)+(1+rejected)*(instruction+promptTokens), output["reflection-"])
	b.Nanos = int64(min(sum, math.MaxInt64))
	return b
}

// addUp returns sum + calls × each, or the largest number if that is too much.
func addUp(sum, calls, each uint64) uint64 {
	if calls != 0 && each > (math.MaxUint64-sum)/calls {
		return math.MaxUint64
	}
	return sum + calls*each
}

// longest returns the bytes of the longest example: no tokenizer makes more
// tokens of them.
func longest(d gepa.Data) int64 {
	most := 0
	for _, set := range [][]gepa.Example{d.Feedback, d.Validation, d.Test} {
		for _, ex := range set {
			size := 0
			for _, f := range slices.Concat(ex.Inputs, ex.Labels) {
				size += len(f.Name) + len(f.Value)
			}
			most = max(most, size)
		}
	}
	return int64(most)
}

// String says what a run can cost.
func (b Bound) String() string {
	if b.Unknown != "" {
		return "no bound is known: " + b.Unknown
	}
	text := fmt.Sprintf("at most %s if no component is asked twice a rollout and no call has to be repeated", gepa.Cost{Nanos: b.Nanos})
	if len(b.Loose) > 0 {
		text += ", with replies as long as the models can write; " + strings.Join(b.Loose, " ") + " lower that"
	}
	return text
}
