package lm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
)

// Caps are the most that may be spent. A zero field sets no cap.
type Caps struct {
	// Nanos is money, in billionths of a US dollar.
	Nanos int64
	// Tokens are input and output tokens together.
	Tokens int64
	// Calls are requests that reach a provider, failed ones included.
	Calls int64
}

// A Purse holds the money, tokens and calls that the models of a run may spend
// together. Its caps are hard: before a call the most that it can consume is
// reserved, and after it what it did consume is settled, so that any number of
// calls in flight together stay within the caps, by the provider's own count.
//
// What holds only as far as the provider keeps its word: a price that is
// higher than the table's, or a reply longer than MaxTokens.
//
// A Purse is safe for concurrent use.
type Purse struct {
	caps Caps

	mu       sync.Mutex
	spent    Caps // settled
	reserved Caps // by calls in flight
	held     Caps // kept back by Hold
	queue    []*pending
}

// pending is a call that waits for others to settle.
type pending struct {
	need   Caps
	answer chan error // receives the outcome, once; buffered
}

// NewPurse returns a purse with the given caps.
func NewPurse(caps Caps) *Purse { return &Purse{caps: caps} }

// Caps returns the purse's caps.
func (p *Purse) Caps() Caps { return p.caps }

// Spent returns what is settled so far, the reservations that calls without a
// reply left behind included.
func (p *Purse) Spent() Caps {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spent
}

// Spend notes what was consumed elsewhere, for instance by earlier sessions of
// a run.
func (p *Purse) Spend(u Usage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent = p.spent.plus(Caps{Nanos: u.Cost.Nanos, Tokens: u.Tokens(), Calls: u.Calls})
	p.admit()
}

// Hold keeps a part back, in place of any kept back before: calls are refused
// as if the caps were so much lower, until Hold is called with less. So money
// for the reading of the test set survives the search.
func (p *Purse) Hold(part Caps) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = part
	p.admit()
}

// A BudgetError is a call that was not made because the purse does not allow
// it. It is [gepa.ErrBudget].
type BudgetError struct {
	// Cap is what would be exceeded: "dollars", "tokens" or "calls".
	Cap string
	// Limit is the cap, Spent what is used up of it (with what is kept back
	// for later) and Need the most that the call could take: in billionths of
	// a dollar, tokens or calls.
	Limit, Spent, Need int64
}

// Error says what is left and what the call could take.
func (e *BudgetError) Error() string {
	if e.Cap == capCalls {
		return fmt.Sprintf("the cap of %d calls leaves no room for another: %d are made or kept back; raise the cap", e.Limit, e.Spent)
	}
	amount := func(n int64) string { return fmt.Sprintf("%d %s", n, e.Cap) }
	if e.Cap == capDollars {
		amount = func(n int64) string { return "$" + strconv.FormatFloat(float64(n)/1e9, 'g', 6, 64) }
	}
	return fmt.Sprintf("the cap of %s leaves no room for another call: %s are used up or kept back, and the call could take %s; raise the cap, or lower the model's maximum of output tokens",
		amount(e.Limit), amount(e.Spent), amount(e.Need))
}

// Is reports whether target is [gepa.ErrBudget].
func (e *BudgetError) Is(target error) bool { return target == gepa.ErrBudget }

// The names of the caps.
const (
	capDollars = "dollars"
	capTokens  = "tokens"
	capCalls   = "calls"
)

func (c Caps) plus(o Caps) Caps {
	return Caps{Nanos: c.Nanos + o.Nanos, Tokens: c.Tokens + o.Tokens, Calls: c.Calls + o.Calls}
}

func (c Caps) minus(o Caps) Caps {
	return Caps{Nanos: c.Nanos - o.Nanos, Tokens: c.Tokens - o.Tokens, Calls: c.Calls - o.Calls}
}

// exceeds returns why need does not fit beside used, or nil if it does.
func (c Caps) exceeds(used, need Caps) *BudgetError {
	for _, one := range []BudgetError{
		{capDollars, c.Nanos, used.Nanos, need.Nanos},
		{capTokens, c.Tokens, used.Tokens, need.Tokens},
		{capCalls, c.Calls, used.Calls, need.Calls},
	} {
		if one.Limit > 0 && one.Need > one.Limit-one.Spent {
			return &one
		}
	}
	return nil
}

// reserve sets need aside. Where only the reservations of calls in flight
// stand against that, it waits for them, behind those who came before.
func (p *Purse) reserve(ctx context.Context, need Caps) error {
	w := &pending{need: need, answer: make(chan error, 1)}
	p.mu.Lock()
	p.queue = append(p.queue, w)
	p.admit()
	p.mu.Unlock()
	select {
	case err := <-w.answer:
		return err
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.queue {
		if other == w {
			p.queue = append(p.queue[:i], p.queue[i+1:]...)
			p.admit()
			return ctx.Err()
		}
	}
	if err := <-w.answer; err != nil { // it was answered meanwhile
		return err
	}
	p.reserved = p.reserved.minus(need)
	p.admit()
	return ctx.Err()
}

// settle puts what was consumed in the place of a reservation.
func (p *Purse) settle(need, consumed Caps) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved = p.reserved.minus(need)
	p.spent = p.spent.plus(consumed)
	p.admit()
}

// admit answers those who wait, in order, up to the first who has to wait on.
// A call that would not fit even if nothing were in flight is refused.
func (p *Purse) admit() {
	for len(p.queue) > 0 {
		w := p.queue[0]
		used := p.spent.plus(p.held)
		if refused := p.caps.exceeds(used, w.need); refused != nil {
			w.answer <- refused
		} else if p.caps.exceeds(used.plus(p.reserved), w.need) != nil {
			return
		} else {
			p.reserved = p.reserved.plus(w.need)
			w.answer <- nil
		}
		p.queue = p.queue[1:]
	}
}

// Spending says what a model may consume in a call.
type Spending struct {
	// Price is the model's price; nil if it is not known.
	Price *Price
	// MaxTokens is the most output tokens of a call. It is given to requests
	// that set none.
	MaxTokens int
}

// Budgeted returns a model whose calls are paid from the purse. A cap in
// dollars needs a known price and a maximum of output tokens, one in tokens
// the maximum; where they are missing, Budgeted returns an error that says
// what to do.
//
// The most that a call can take is its input at a token a byte (no tokenizer
// makes more of a text) and overheadTokens more for what providers add, and its
// maximum of output tokens, each at the highest price. What a call did consume
// is what it reports. One that reports nothing, because it got no reply or
// because the provider counts no tokens, keeps its whole reservation. One that
// surely never reached the provider gives it back.
//
// A call that the purse does not allow is an [*Error] of KindBudget that wraps
// a [*BudgetError]. Where only other calls' reservations are in the way, the
// call waits until they are settled. Budgeted belongs inside [Retry], because
// every attempt costs, and outside [Timeout], because waiting for others is
// no failure of the provider.
func Budgeted(m Model, p *Purse, s Spending) (Model, error) {
	var errs []error
	if p.caps.Nanos > 0 && s.Price == nil {
		errs = append(errs, fmt.Errorf("a cap in dollars needs the price of %s, which is not known: give one in a price table of your own, or cap tokens or calls instead", m.Name()))
	}
	if (p.caps.Nanos > 0 || p.caps.Tokens > 0) && s.MaxTokens <= 0 {
		errs = append(errs, fmt.Errorf("a cap in dollars or tokens needs a maximum of output tokens for %s: set its max_tokens", m.Name()))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &budgeted{wrapping: wrapping{m}, purse: p, spending: s}, nil
}

type budgeted struct {
	wrapping
	purse    *Purse
	spending Spending
}

// overheadTokens is what providers may add to a request: the chat template,
// and instructions of their own for JSON and schemas.
const overheadTokens = 512

// messageTokens is what a template may add around one message.
const messageTokens = 16

func (b *budgeted) Complete(ctx context.Context, req Request) (Reply, error) {
	if req.Params.MaxTokens <= 0 {
		req.Params.MaxTokens = b.spending.MaxTokens
	}
	need, came := b.most(req), time.Now()
	if err := b.purse.reserve(ctx, need); err != nil {
		kind := KindBudget
		if ctx.Err() != nil {
			kind = KindCancelled
		}
		return Reply{}, &Error{Kind: kind, Model: b.Name(), Err: err}
	}
	waited, consumed := time.Since(came), need
	// Deferred, so that a panic keeps the reservation and gives nobody's back.
	defer func() { b.purse.settle(need, consumed) }()
	reply, err := b.model.Complete(ctx, req)
	consumed = b.consumed(need, reply, err)
	if notesTo(ctx) != nil {
		Tell(ctx, PartBudget, slog.Int64("reserved_nano_usd", need.Nanos), slog.Int64("reserved_tokens", need.Tokens),
			slog.Int64("settled_nano_usd", consumed.Nanos), slog.Int64("settled_tokens", consumed.Tokens), slog.Duration("waited", waited))
	}
	return reply, err
}

// most returns the most that a request can take.
func (b *budgeted) most(req Request) Caps {
	tokens := int64(overheadTokens)
	for _, m := range req.Messages {
		tokens += int64(len(m.Role)+len(m.Content)) + messageTokens
	}
	req.Messages = nil
	if rest, err := json.Marshal(req); err == nil { // schemas and the like
		tokens += int64(len(rest))
	}
	output := int64(req.Params.MaxTokens)
	need := Caps{Tokens: tokens + output, Calls: 1}
	if b.spending.Price != nil {
		need.Nanos = b.spending.Price.Most(tokens, output)
	}
	return need
}

// consumed returns what a call took, as far as that is known; the rest of its
// reservation stands for what is not.
func (b *budgeted) consumed(need Caps, reply Reply, err error) Caps {
	usage := reply.Usage
	if err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return need
		}
		usage = e.Usage
		if usage.Calls == 0 && e.Kind == KindOther {
			return need // an error that says nothing
		}
	}
	took := Caps{Nanos: usage.Cost.Nanos, Tokens: usage.Tokens(), Calls: usage.Calls}
	if usage.Unmeasured > 0 {
		took.Tokens = max(took.Tokens, need.Tokens)
	}
	if !usage.Cost.Known() {
		took.Nanos = max(took.Nanos, need.Nanos)
	}
	return took
}
