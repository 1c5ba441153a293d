package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa/lm"
)

// providers maps the catalogue's providers to ours: those that lm/openai,
// lm/anthropic and lm/gemini speak to and that ask for money.
func providers() map[string]string {
	return map[string]string{
		"anthropic": "anthropic", "azure": "azure", "cerebras": "cerebras", "deepseek": "deepseek",
		"fireworks_ai": "fireworks_ai", "gemini": "gemini", "groq": "groq", "mistral": "mistral",
		"openai": "openai", "openrouter": "openrouter", "together_ai": "together", "xai": "xai",
	}
}

// An entry is what is read of a model in the catalogue. Prices are in dollars
// per token, kept as they are written.
type entry struct {
	Provider   string      `json:"litellm_provider"`
	Mode       string      `json:"mode"`
	Input      json.Number `json:"input_cost_per_token"`
	Output     json.Number `json:"output_cost_per_token"`
	CacheRead  json.Number `json:"cache_read_input_token_cost"`
	CacheWrite json.Number `json:"cache_creation_input_token_cost"`
	Reasoning  json.Number `json:"output_cost_per_reasoning_token"`
	MaxInput   json.Number `json:"max_input_tokens"`
	MaxOutput  json.Number `json:"max_output_tokens"`
}

// readCatalogue reads the prices of the chat models of our providers. It leaves
// out, and returns the names of, models whose prices nobody asks.
func readCatalogue(data []byte) (out map[string]lm.Price, odd []string, err error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, nil, fmt.Errorf("read the catalogue: %w", err)
	}
	out = map[string]lm.Price{}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		var about struct {
			Provider string `json:"litellm_provider"`
			Mode     string `json:"mode"`
		}
		if err := json.Unmarshal(raw[key], &about); err != nil {
			return nil, nil, fmt.Errorf("read %q: %w", key, err)
		}
		name, ok := fullName(key, about.Provider)
		if !ok || about.Mode != "chat" {
			continue
		}
		p, known, err := readPrice(raw[key])
		if err != nil {
			return nil, nil, fmt.Errorf("read %q: %w", key, err)
		}
		switch {
		case !known:
		case !plausible(p):
			odd = append(odd, name)
		default:
			out[name] = p
		}
	}
	return out, odd, nil
}

// plausible reports whether somebody asks such a price for text: between a cent
// and a hundred dollars per million tokens of input, and for output as much to
// twenty times as much. Others are a slip of the catalogue, or no model of text.
func plausible(p lm.Price) bool {
	return p.Input >= 10_000 && p.Input <= 100_000_000 && p.Output >= p.Input && p.Output <= 20*p.Input
}

// fullName returns a model's name as users of this module write it. It reports
// false for what is no model of a provider of ours: fine-tuned ones have names
// of their own, Azure's regions and Together's classes of size are no names.
func fullName(key, provider string) (string, bool) {
	ours, ok := providers()[provider]
	model := strings.TrimPrefix(key, provider+"/")
	switch {
	case !ok, strings.HasPrefix(model, "ft:"):
		return "", false
	case provider == "azure" && strings.Contains(model, "/"):
		return "", false
	case provider == "together_ai" && !strings.Contains(model, "/"):
		return "", false
	}
	return ours + "/" + model, true
}

// readPrice returns an entry's price. A price of nothing counts as unknown: in
// a catalogue it may mean either.
func readPrice(raw json.RawMessage) (p lm.Price, known bool, err error) {
	var e entry
	if err := decode(raw, &e); err != nil {
		return p, false, err
	}
	if p.Input, err = units(e.Input); err != nil {
		return p, false, err
	}
	if p.Output, err = units(e.Output); err != nil {
		return p, false, err
	}
	if p.Input == 0 || p.Output == 0 {
		return p, false, nil
	}
	for _, part := range []struct {
		from      json.Number
		into      **int64
		otherwise int64
	}{
		{e.CacheRead, &p.CacheRead, p.Input},
		{e.CacheWrite, &p.CacheWrite, p.Input},
		{e.Reasoning, &p.Reasoning, p.Output},
	} {
		if *part.into, err = different(part.from, part.otherwise); err != nil {
			return p, false, err
		}
	}
	if p.MaxInput, err = tokens(e.MaxInput); err != nil {
		return p, false, err
	}
	if p.MaxOutput, err = tokens(e.MaxOutput); err != nil {
		return p, false, err
	}
	p.Long, err = readLong(raw)
	return p, true, err
}

var longInput = regexp.MustCompile(`^input_cost_per_token_above_([0-9]+)k_tokens$`)

// readLong returns the price of long requests; nil if there is none. Of several
// steps it takes the first bound and the highest price, so as not to promise
// too little.
func readLong(raw json.RawMessage) (*lm.LongPrice, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	var long *lm.LongPrice
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		match := longInput.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		thousands, err := strconv.ParseInt(match[1], 10, 64)
		if err != nil {
			return nil, err
		}
		step := lm.LongPrice{Above: thousands * 1000}
		at := "_above_" + match[1] + "k_tokens"
		if step.Input, err = unitsOf(fields, "input_cost_per_token"+at); err != nil {
			return nil, err
		}
		if step.Output, err = unitsOf(fields, "output_cost_per_token"+at); err != nil {
			return nil, err
		}
		if step.Output == 0 {
			if step.Output, err = unitsOf(fields, "output_cost_per_token"); err != nil {
				return nil, err
			}
		}
		if step.CacheRead, err = different(number(fields["cache_read_input_token_cost"+at]), step.Input); err != nil {
			return nil, err
		}
		if step.CacheWrite, err = different(number(fields["cache_creation_input_token_cost"+at]), step.Input); err != nil {
			return nil, err
		}
		switch {
		case step.Input == 0:
		case long == nil:
			long = &step
		default:
			above := min(long.Above, step.Above)
			if step.Input > long.Input {
				long = &step
			}
			long.Above = above
		}
	}
	return long, nil
}

func number(raw json.RawMessage) json.Number { return json.Number(bytes.TrimSpace(raw)) }

func unitsOf(fields map[string]json.RawMessage, name string) (int64, error) {
	return units(number(fields[name]))
}

func decode(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(into)
}

// perToken is how many of our units a dollar per token is: a millionth of a
// dollar per million tokens is a trillionth of a dollar per token.
const perToken = 1_000_000_000_000

// units converts dollars per token, exactly. A price that is no whole number of
// units is an error: it would be a mistake of the catalogue or of the unit.
func units(n json.Number) (int64, error) {
	if n == "" || n == "null" {
		return 0, nil
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return 0, fmt.Errorf("%q is no number", n)
	}
	r.Mul(r, big.NewRat(perToken, 1))
	if !r.IsInt() || !r.Num().IsInt64() || r.Sign() < 0 {
		return 0, fmt.Errorf("$%s per token is no whole number of millionths of a dollar per million tokens", n)
	}
	return r.Num().Int64(), nil
}

// different returns a price, or nil where there is none, where it is nothing
// (which catalogues write for "does not apply"), or where it is the one that
// counts without it.
func different(n json.Number, otherwise int64) (*int64, error) {
	v, err := units(n)
	if err != nil || v == 0 || v == otherwise {
		return nil, err
	}
	return &v, nil
}

// tokens reads a number of tokens, which some catalogues write as "1e6".
func tokens(n json.Number) (int64, error) {
	if n == "" || n == "null" {
		return 0, nil
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok || !r.IsInt() || !r.Num().IsInt64() || r.Sign() < 0 {
		return 0, fmt.Errorf("%q is no number of tokens", n)
	}
	return r.Num().Int64(), nil
}
