package lm

import (
	"context"
	"log/slog"
	"math"
	"math/bits"

	"github.com/gepa-go/gepa"
)

// A Price is what a model's tokens cost, in millionths of a US dollar per
// million tokens (so $0.10 per million tokens is 100000): a unit in which
// every published price is a whole number. The zero value is a model that
// costs nothing; a price that is not known is a nil *Price.
type Price struct {
	// Input is the price of input tokens, Output of output tokens.
	Input  int64 `json:"input"`
	Output int64 `json:"output"`
	// CacheRead and CacheWrite are the prices of input tokens that the
	// provider takes from its prompt cache, and puts into it. Nil means the
	// price of input tokens.
	CacheRead  *int64 `json:"cache_read,omitempty"`
	CacheWrite *int64 `json:"cache_write,omitempty"`
	// Reasoning is the price of output tokens spent on thinking. Nil means
	// the price of output tokens.
	Reasoning *int64 `json:"reasoning,omitempty"`
	// Long is the price of requests with very many input tokens. Nil means
	// that they have none of their own.
	Long *LongPrice `json:"long,omitempty"`
	// MaxInput and MaxOutput are the most tokens that the model takes, and
	// answers with, in one call. 0 means that they are not known.
	MaxInput  int64 `json:"max_input,omitempty"`
	MaxOutput int64 `json:"max_output,omitempty"`
}

// A LongPrice is what all tokens of a request cost that has more than Above
// input tokens. Its fields are those of [Price]; thinking costs what other
// output does.
type LongPrice struct {
	Above      int64  `json:"above"`
	Input      int64  `json:"input"`
	Output     int64  `json:"output"`
	CacheRead  *int64 `json:"cache_read,omitempty"`
	CacheWrite *int64 `json:"cache_write,omitempty"`
}

// of returns the price that counts for so many input tokens in a request.
func (p Price) of(inputTokens int64) Price {
	if p.Long == nil || inputTokens <= p.Long.Above {
		return p
	}
	return Price{Input: p.Long.Input, Output: p.Long.Output, CacheRead: p.Long.CacheRead, CacheWrite: p.Long.CacheWrite}
}

// Cost returns what the tokens of one call cost by this price, in billionths of
// a dollar, rounded up. Parts that a provider reports as larger than the whole
// are cut to it.
func (p Price) Cost(u Usage) int64 {
	input, output := max(u.InputTokens, 0), max(u.OutputTokens, 0)
	p = p.of(input)
	read := clamp(u.CacheReadTokens, input)
	write := clamp(u.CacheWriteTokens, input-read)
	thinking := clamp(u.ReasoningTokens, output)
	var sum picos
	sum.add(input-read-write, p.Input)
	sum.add(read, orElse(p.CacheRead, p.Input))
	sum.add(write, orElse(p.CacheWrite, p.Input))
	sum.add(output-thinking, p.Output)
	sum.add(thinking, orElse(p.Reasoning, p.Output))
	return sum.nanos()
}

// free reports whether no call costs anything, however long it is.
func (p Price) free() bool { return p.mostOf(1, 1) == 0 && p.of(math.MaxInt64).mostOf(1, 1) == 0 }

// Most returns the most that so many tokens can cost, in billionths of a
// dollar: each at the highest price of its kind.
func (p Price) Most(inputTokens, outputTokens int64) int64 {
	most := p.mostOf(inputTokens, outputTokens)
	if long := p.of(inputTokens); long != p {
		// Fewer tokens than reserved may come to the other price.
		return max(most, long.mostOf(inputTokens, outputTokens))
	}
	return most
}

func (p Price) mostOf(inputTokens, outputTokens int64) int64 {
	var sum picos
	sum.add(max(inputTokens, 0), max(p.Input, orElse(p.CacheRead, p.Input), orElse(p.CacheWrite, p.Input)))
	sum.add(max(outputTokens, 0), max(p.Output, orElse(p.Reasoning, p.Output)))
	return sum.nanos()
}

func clamp(n, limit int64) int64 { return min(max(n, 0), limit) }

func orElse(price *int64, otherwise int64) int64 {
	if price == nil {
		return otherwise
	}
	return *price
}

// picos sums trillionths of a dollar (a token at a millionth of a dollar per
// million is one) in 128 bits: hostile counts must not wrap around to nothing.
type picos struct{ hi, lo uint64 }

func (s *picos) add(tokens, price int64) {
	hi, lo := bits.Mul64(uint64(tokens), uint64(max(price, 0)))
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, _ = bits.Add64(s.hi, hi, carry)
}

// nanos returns the sum in billionths of a dollar, rounded up.
func (s *picos) nanos() int64 {
	lo, carry := bits.Add64(s.lo, 999, 0)
	hi := s.hi + carry
	if hi >= 1000 {
		return math.MaxInt64
	}
	nanos, _ := bits.Div64(hi, lo, 1000)
	return int64(min(nanos, math.MaxInt64))
}

// Priced returns a model that works out the cost of m's calls from their
// tokens. The provider's own figure wins: a cost that is known is left alone.
// A call whose tokens were not reported keeps its unknown cost, and with a nil
// price so does every other.
func Priced(m Model, p *Price) Model {
	if p == nil {
		return m
	}
	return &priced{wrapping: wrapping{m}, price: *p}
}

type priced struct {
	wrapping
	price Price
}

func (p *priced) Complete(ctx context.Context, req Request) (Reply, error) {
	reply, err := p.model.Complete(ctx, req)
	if err == nil {
		before := reply.Usage.Cost
		reply.Usage = p.settle(reply.Usage)
		if notesTo(ctx) != nil {
			Tell(ctx, PartPrice, slog.String("by", pricedBy(before, reply.Usage.Cost)), slog.Int64("cost_nano_usd", reply.Usage.Cost.Nanos))
		}
		return reply, nil
	}
	e := AsError(err, p.Name())
	if u := p.settle(e.Usage); u != e.Usage {
		own := *e
		own.Usage = u
		return Reply{}, &own
	}
	return Reply{}, err
}

// pricedBy says whose figure a cost is, by what the provider reported and what
// was made of it.
func pricedBy(reported, cost gepa.Cost) string {
	switch {
	case reported.Known():
		return "provider"
	case cost.Known():
		return "table"
	}
	return "nobody"
}

// settle fills in an unknown cost. Where only some calls' costs are unknown
// nobody knows which tokens are theirs.
func (p *priced) settle(u Usage) Usage {
	switch {
	case u.Cost.Unknown == 0 || u.Cost.Nanos != 0:
	case p.price.free():
		u.Cost = gepa.Cost{}
	case u.Unmeasured == 0 && u.Cost.Unknown == u.Calls:
		u.Cost = gepa.Cost{Nanos: p.price.Cost(u)}
	}
	return u
}
