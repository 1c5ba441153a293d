package lm_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

func TestPriceCost(t *testing.T) {
	full := lm.Price{Input: 3_000_000, Output: 15_000_000, CacheRead: new(int64(300_000)), CacheWrite: new(int64(3_750_000)), Reasoning: new(int64(20_000_000))}
	long := lm.Price{Input: 1_000, Output: 2_000, Long: &lm.LongPrice{Above: 1000, Input: 5_000, Output: 6_000, CacheRead: new(int64(1_000))}}
	tests := map[string]struct {
		price lm.Price
		usage lm.Usage
		want  int64
	}{
		"nothing":               {full, lm.Usage{}, 0},
		"at the bound":          {long, lm.Usage{InputTokens: 1000, OutputTokens: 10}, 1_000 + 20},
		"above the bound":       {long, lm.Usage{InputTokens: 1001, CacheReadTokens: 1, OutputTokens: 10, ReasoningTokens: 10}, 5_000 + 1 + 60},
		"free":                  {lm.Price{}, lm.Usage{InputTokens: 5, OutputTokens: 5}, 0},
		"plain":                 {full, lm.Usage{InputTokens: 1000, OutputTokens: 100}, 3_000_000 + 1_500_000},
		"cached":                {full, lm.Usage{InputTokens: 1000, CacheReadTokens: 900, CacheWriteTokens: 50}, 150_000 + 270_000 + 187_500},
		"thinking":              {full, lm.Usage{OutputTokens: 100, ReasoningTokens: 60}, 600_000 + 1_200_000},
		"no price of the parts": {lm.Price{Input: 2, Output: 3}, lm.Usage{InputTokens: 1000, CacheReadTokens: 900, OutputTokens: 1000, ReasoningTokens: 1}, 5},
		"rounded up":            {lm.Price{Input: 37_500}, lm.Usage{InputTokens: 1}, 38},
		"parts beyond whole":    {full, lm.Usage{InputTokens: 10, CacheReadTokens: 99, CacheWriteTokens: 99, OutputTokens: -5, ReasoningTokens: 4}, 3000},
		"huge":                  {lm.Price{Input: math.MaxInt64}, lm.Usage{InputTokens: math.MaxInt64}, math.MaxInt64},
	}
	for name, tt := range tests {
		if got := tt.price.Cost(tt.usage); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func prices(rt *rapid.T) lm.Price {
	part := func(label string) *int64 {
		if rapid.Bool().Draw(rt, label+" given") {
			return new(rapid.Int64Range(0, 1e8).Draw(rt, label))
		}
		return nil
	}
	p := lm.Price{
		Input: rapid.Int64Range(0, 1e8).Draw(rt, "input"), Output: rapid.Int64Range(0, 1e8).Draw(rt, "output"),
		CacheRead: part("read"), CacheWrite: part("write"), Reasoning: part("reasoning"),
	}
	if rapid.Bool().Draw(rt, "long given") {
		p.Long = &lm.LongPrice{
			Above: rapid.Int64Range(0, 1e6).Draw(rt, "above"),
			Input: rapid.Int64Range(0, 1e8).Draw(rt, "long input"), Output: rapid.Int64Range(0, 1e8).Draw(rt, "long output"),
			CacheRead: part("long read"), CacheWrite: part("long write"),
		}
	}
	return p
}

// No usage within the bounds costs more than Most says.
func TestPriceMost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := prices(rt)
		count := rapid.Int64Range(-1, 1e6)
		u := lm.Usage{
			InputTokens: count.Draw(rt, "in"), OutputTokens: count.Draw(rt, "out"),
			CacheReadTokens: count.Draw(rt, "read"), CacheWriteTokens: count.Draw(rt, "write"), ReasoningTokens: count.Draw(rt, "thinking"),
		}
		most := p.Most(u.InputTokens+rapid.Int64Range(0, 1e5).Draw(rt, "reserved beyond"), u.OutputTokens)
		if cost := p.Cost(u); cost > most || cost < 0 {
			rt.Fatalf("%+v costs %d by %+v, the most was %d", u, cost, p, most)
		}
	})
}

func TestPriced(t *testing.T) {
	price := &lm.Price{Input: 1_000_000, Output: 2_000_000}
	long := &lm.Price{Long: &lm.LongPrice{Above: 9, Input: 1_000_000}} // costs nothing up to nine tokens
	unknown := gepa.Cost{Unknown: 1}
	measured := lm.Usage{Calls: 1, InputTokens: 10, OutputTokens: 5, Cost: unknown}
	with := func(u lm.Usage, c gepa.Cost) lm.Usage { u.Cost = c; return u }
	tests := map[string]struct {
		price    *lm.Price
		in, want lm.Usage
	}{
		"unknown price":       {nil, measured, measured},
		"known price":         {price, measured, with(measured, gepa.Cost{Nanos: 20_000})},
		"provider's own":      {price, with(measured, gepa.Cost{Nanos: 7}), with(measured, gepa.Cost{Nanos: 7})},
		"provider says free":  {price, with(measured, gepa.Cost{}), with(measured, gepa.Cost{})},
		"unmeasured":          {price, lm.Usage{Calls: 1, Unmeasured: 1, Cost: unknown}, lm.Usage{Calls: 1, Unmeasured: 1, Cost: unknown}},
		"unmeasured and free": {&lm.Price{}, lm.Usage{Calls: 1, Unmeasured: 1, Cost: unknown}, lm.Usage{Calls: 1, Unmeasured: 1}},
		"free but long":       {long, measured, with(measured, gepa.Cost{Nanos: 10_000})},
		"long and unmeasured": {long, lm.Usage{Calls: 1, Unmeasured: 1, Cost: unknown}, lm.Usage{Calls: 1, Unmeasured: 1, Cost: unknown}},
		"partly known":        {price, with(lm.Usage{Calls: 2, InputTokens: 9}, gepa.Cost{Nanos: 1, Unknown: 1}), with(lm.Usage{Calls: 2, InputTokens: 9}, gepa.Cost{Nanos: 1, Unknown: 1})},
	}
	for name, tt := range tests {
		reply, err := lm.Priced(answering(lm.Reply{Usage: tt.in}), tt.price).Complete(t.Context(), ask("q"))
		if diff := cmp.Diff(tt.want, reply.Usage); diff != "" || err != nil {
			t.Errorf("%s: reply: %s%v", name, diff, err)
		}
		cause := &lm.Error{Kind: lm.KindMalformed, Usage: tt.in}
		_, err = lm.Priced(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) { return lm.Reply{}, cause }), tt.price).Complete(t.Context(), ask("q"))
		if diff := cmp.Diff(tt.want, gepa.UsageOf(err)); diff != "" {
			t.Errorf("%s: error: %s", name, diff)
		}
		if diff := cmp.Diff(tt.in, cause.Usage); diff != "" {
			t.Errorf("%s: the model's own error was changed: %s", name, diff)
		}
	}
	lost := errors.New("lost")
	if _, err := lm.Priced(lm.Func(func(context.Context, lm.Request) (lm.Reply, error) { return lm.Reply{}, lost }), price).Complete(t.Context(), ask("q")); err != lost { //nolint:errorlint // the very error
		t.Errorf("an error without usage became %v", err)
	}
}
