package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/report"
)

// addParams adds the flags of a role's generation parameters.
func addParams(f *pflag.FlagSet, prefix, of string, p *lm.Params) {
	f.Var(decimal{&p.Temperature}, prefix+"temperature", "sampling temperature of "+of+" (the provider's)")
	f.Var(decimal{&p.TopP}, prefix+"top-p", "nucleus sampling mass of "+of+" (the provider's)")
	f.Var(number{&p.MaxTokens, 1}, prefix+"max-tokens", "longest reply of "+of+" (the provider's)")
	f.StringVar(&p.ReasoningEffort, prefix+"reasoning-effort", p.ReasoningEffort, "how long "+of+" may think, in the provider's word")
	f.StringArrayVar(&p.Stop, prefix+"stop", p.Stop, "text at which a reply of "+of+" ends; may be given several times")
	f.Var(whole{&p.Seed}, prefix+"model-seed", "seed that is sent with "+of+", where the provider takes one")
}

// addCalls adds the flags about what calls may cost, where they are kept and
// how they are made.
func addCalls(f *pflag.FlagSet, o *config.Optimize) {
	f.Var(dollars{&o.Caps.Nanos}, "max-cost", "most dollars that the run may cost, the test set included")
	f.Var(count{&o.Caps.Tokens}, "max-tokens-total", "most tokens that it may use, in and out")
	f.Var(count{&o.Caps.Calls}, "max-calls", "most calls that it may send, failed ones included")
	f.StringVar(&o.Prices, "prices", o.Prices, "file with prices of your own (docs/formats/prices.md)")
	f.StringVar(&o.Cache, "cache", o.Cache, "file that keeps replies, so that none is paid twice\n(calls.db in the user's cache folder)")
	f.BoolVar(&o.NoCache, "no-cache", o.NoCache, "keep no replies and use none that are kept")
	f.StringVar(&o.Record, "record", o.Record, "write all calls of the run to this file")
	f.StringVar(&o.Replay, "replay", o.Replay, "answer all calls from a recording: no network, no key")
	f.Var(number{&o.Attempts, 1}, "attempts", "how often a call is tried that fails for a passing reason (6)")
	f.Var(span{&o.CallTimeout}, "call-timeout", "time for one attempt of a call (3m)")
	f.Var(number{&o.MaxConcurrentCalls, 1}, "max-concurrent-calls", "most calls in flight to an endpoint (256); how many\nit takes is found out")
	f.Var(number{&o.RPM, 1}, "rpm", "requests a minute that an endpoint takes (no limit)")
	f.Var(number{&o.TPM, 1}, "tpm", "tokens a minute that an endpoint takes (no limit)")
}

// decimal is a flag for a number, nil if it is not given.
type decimal struct{ into **float64 }

func (d decimal) String() string {
	if d.into == nil || *d.into == nil {
		return ""
	}
	return strconv.FormatFloat(**d.into, 'g', -1, 64)
}

func (d decimal) Type() string { return "X" }

func (d decimal) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return errors.New("want a number")
	}
	*d.into = &v
	return nil
}

// whole is a flag for a whole number, nil if it is not given.
type whole struct{ into **int64 }

func (w whole) String() string {
	if w.into == nil || *w.into == nil {
		return ""
	}
	return strconv.FormatInt(**w.into, 10)
}

func (w whole) Type() string { return "N" }

func (w whole) Set(text string) error {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("want a whole number")
	}
	*w.into = &v
	return nil
}

// count is a flag for a large whole number.
type count struct{ into *int64 }

func (c count) String() string {
	if c.into == nil || *c.into == 0 {
		return ""
	}
	return strconv.FormatInt(*c.into, 10)
}

func (c count) Type() string { return "N" }

func (c count) Set(text string) error {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 1 {
		return errors.New("want a whole number, 1 or more")
	}
	*c.into = v
	return nil
}

// dollars is a flag for an amount of money, kept in billionths of a dollar.
type dollars struct{ into *int64 }

func (d dollars) String() string {
	if d.into == nil || *d.into == 0 {
		return ""
	}
	return dollarWords(*d.into)
}

func (d dollars) Type() string { return "USD" }

// Set reads the amount digit by digit: a cap is no place for rounding.
func (d dollars) Set(text string) error {
	const digits = 9
	wrong := errors.New("want an amount of dollars such as 5 or 0.25")
	whole, part, _ := strings.Cut(strings.TrimPrefix(text, "$"), ".")
	if len(part) > digits || whole+part == "" || strings.ContainsAny(whole+part, "+-_") {
		return wrong
	}
	v, err := strconv.ParseInt(whole+part+strings.Repeat("0", digits-len(part)), 10, 64)
	if err != nil || v <= 0 {
		return wrong
	}
	*d.into = v
	return nil
}

func dollarWords(nanos int64) string {
	return "$" + strconv.FormatFloat(float64(nanos)/1e9, 'f', -1, 64)
}

// tellSpending says what calls cost, and what the run can cost at most.
func tellSpending(v *watcher, run *config.Run) {
	var priced []string
	free, known := true, map[string]bool{"": true}
	for _, m := range []report.Model{run.Models.Task, run.Models.Reflection, run.Models.Judge} {
		if known[m.Name] || m.Simulated {
			continue
		}
		known[m.Name] = true
		priced = append(priced, m.Name+" "+priceWords(m.Price))
		free = free && m.Price != nil && m.Price.Most(1e6, 1e6) == 0
	}
	if len(priced) > 0 {
		v.say("prices     %s; per million tokens, as of %s", strings.Join(priced, ", "), run.PriceDate())
	}
	var caps []string
	if n := run.Caps.Nanos; n > 0 {
		caps = append(caps, dollarWords(n))
	} else if free {
		caps = append(caps, gepa.Cost{}.String())
	}
	if n := run.Caps.Tokens; n > 0 {
		caps = append(caps, fmt.Sprintf("%d tokens", n))
	}
	if n := run.Caps.Calls; n > 0 {
		caps = append(caps, fmt.Sprintf("%d calls", n))
	}
	switch {
	case len(priced) == 0 && run.Caps == (config.Caps{}):
	case len(caps) == 0:
		v.say("can cost   %s; --max-cost USD sets a hard bound", run.Bound)
	default:
		v.say("can cost   at most %s, the test set included", strings.Join(caps, ", "))
	}
}

// priceWords shows a price in dollars per million tokens.
func priceWords(p *lm.Price) string {
	switch {
	case p == nil:
		return "unknown"
	case p.Most(1e6, 1e6) == 0:
		return "free"
	}
	return fmt.Sprintf("%s in, %s out", perMillion(p.Input), perMillion(p.Output))
}

// perMillion shows a price in dollars, with at least two decimals.
func perMillion(price int64) string {
	text := strconv.FormatFloat(float64(price)/1e6, 'f', -1, 64)
	if _, part, _ := strings.Cut(text, "."); len(part) < 2 {
		text = strconv.FormatFloat(float64(price)/1e6, 'f', 2, 64)
	}
	return "$" + text
}
