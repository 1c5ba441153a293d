package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/cassette"
	"github.com/gepa-go/gepa/lm/price"
	"github.com/gepa-go/gepa/store"
)

// defaultCallTimeout bounds one attempt of one call.
const defaultCallTimeout = 3 * time.Minute

// Caps are the most that a run may spend, all its sessions together, reading
// the test set included. A zero field sets no cap.
type Caps = lm.Caps

// calls is what lies between the roles of a run and the providers: everything
// that the models of a run share.
type calls struct {
	prices   price.Table
	caps     lm.Caps
	purse    *lm.Purse // nil without caps
	cache    *lm.Cache // nil without one
	disk     *disk
	recorder *cassette.Recorder
	player   *cassette.Player
	limiters map[string]*lm.Limiter
	clients  []Client
	began    bool // calls may have been made
}

// newCalls reads what has to be read for it. It writes nothing.
func (o Optimize) newCalls() (_ *calls, err error) {
	if o.Record != "" && o.Replay != "" {
		return nil, usagef("--record and --replay: a replay makes no calls that could be recorded; give one of them")
	}
	c := &calls{caps: o.Caps, limiters: map[string]*lm.Limiter{}}
	if c.prices, err = o.prices(); err != nil {
		return nil, err
	}
	if o.Caps != (lm.Caps{}) {
		c.purse = lm.NewPurse(o.Caps)
	}
	secrets := cassette.Options{Secrets: Secrets(o.Getenv)}
	if o.Record != "" {
		if c.recorder, err = cassette.NewRecorder(o.Record, secrets); err != nil {
			return nil, usagef("--record: %w", err)
		}
	}
	if o.Replay != "" {
		if c.player, err = cassette.Open(o.Replay, secrets); err != nil {
			return nil, usagef("--replay: %w", err)
		}
		return c, nil
	}
	if o.NoCache && o.Cache != "" {
		return nil, usagef("--cache and --no-cache: give one of them")
	}
	if path := o.cachePath(); path != "" {
		c.disk = &disk{path: path}
		c.cache = lm.NewCache(c.disk, func(err error) {
			o.Logger.Warn("a reply could not be put into the cache", "error", err)
		})
	}
	return c, nil
}

// prices returns the price table: the embedded one, overridden by what an
// earlier session of the run was planned with or else by the user's.
func (o Optimize) prices() (price.Table, error) {
	table := price.Default()
	path := o.Prices
	if path == "" && o.Out != "" {
		path = filepath.Join(o.Out, PricesFile)
		if _, err := os.Stat(path); err != nil {
			return table, nil //nolint:nilerr // there is none: the run is new, or older than prices
		}
	}
	if path == "" {
		return table, nil
	}
	own, err := price.Load(path)
	if err != nil {
		return table, usagef("--prices: %w", err)
	}
	return table.Override(own), nil
}

// DefaultCache returns where calls are cached unless a flag says otherwise.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the cache: %w", err)
	}
	return filepath.Join(dir, "gepa", "calls.db"), nil
}

// cachePath returns where the run's calls are cached; "" for nowhere.
func (o Optimize) cachePath() string {
	if o.NoCache || o.Cache != "" {
		return o.Cache
	}
	path, err := DefaultCache()
	if err != nil {
		o.Logger.Warn("calls are not cached; --cache FILE names a place", "error", err)
		return ""
	}
	return path
}

// price returns a model's price; nil if it is not known.
func (c *calls) price(model string) *lm.Price {
	if p, ok := c.prices.Lookup(model); ok {
		return &p
	}
	return nil
}

// free reports whether a model is known to cost nothing.
func (c *calls) free(model string) bool {
	p := c.price(model)
	return p != nil && p.Most(1e6, 1e6) == 0
}

// checkCaps refuses caps that could not be kept.
func (c *calls) checkCaps(played []role) error {
	var missing []string
	for _, r := range played {
		dollars := c.caps.Nanos > 0 && !c.free(r.name)
		if dollars && c.price(r.name) == nil {
			return usagef("--max-cost needs the price of %s, which is not known: give one with --prices FILE, or cap --max-tokens-total or --max-calls instead", r.name)
		}
		if (dollars || c.caps.Tokens > 0) && r.params.MaxTokens <= 0 {
			missing = append(missing, "--"+r.prefix+"max-tokens N")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	flag := "--max-cost"
	if c.caps.Nanos == 0 {
		flag = "--max-tokens-total"
	}
	return usagef("%s needs the longest reply of every role, so that no call can exceed it: add %s", flag, strings.Join(missing, " "))
}

// paid returns the purse that a model's calls are paid from. A cap in dollars
// alone is none for a model that costs nothing.
func (c *calls) paid(model string) *lm.Purse {
	if c.caps.Tokens == 0 && c.caps.Calls == 0 && c.free(model) {
		return nil
	}
	return c.purse
}

// anyTokens stands for the maximum of output tokens where every request says
// its own; see checkCaps.
const anyTokens = 1 << 20

func (c *calls) spending(model string) lm.Spending {
	s := lm.Spending{Price: c.price(model)}
	if c.caps.Nanos > 0 || c.caps.Tokens > 0 {
		s.MaxTokens = anyTokens
	}
	return s
}

func (c *calls) record() func(lm.Model) lm.Model {
	if c.recorder == nil {
		return nil
	}
	return c.recorder.Record
}

// chained puts everything around a provider's model.
func (c *calls) chained(client Client, o Optimize) (lm.Model, error) {
	provider, _ := lm.ParseName(client.Name())
	// A provider's models have one key in common.
	account := provider + " " + client.BaseURL()
	if c.limiters[account] == nil {
		c.limiters[account] = lm.NewLimiter(lm.LimiterOptions{
			Max: o.MaxConcurrentCalls, RequestsPerMinute: o.RPM, TokensPerMinute: o.TPM,
		})
	}
	var attempt func(lm.Model) lm.Model
	if o.spans != nil {
		attempt = o.spans.Attempt
	}
	return lm.Chain(client, lm.ChainOptions{
		Record:  c.record(),
		Cache:   c.cache,
		Attempt: attempt,
		Retry: lm.RetryOptions{
			Attempts: o.Attempts,
			OnRetry: func(err *lm.Error, wait time.Duration) {
				o.Logger.Warn("a model call failed and is tried again", "error", err, "wait", wait.Round(100*time.Millisecond))
			},
		},
		Purse:    c.paid(client.Name()),
		Limiter:  c.limiters[account],
		Timeout:  orDefault(o.CallTimeout, defaultCallTimeout),
		Spending: c.spending(client.Name()),
	})
}

// simulated puts around the simulated model what was asked for. It is not
// cached, for it costs nothing, and its version may change.
func (c *calls) simulated(m lm.Model) (lm.Model, error) {
	return c.bare(m, c.record())
}

// replayed lets a recording be paid for as its calls were, so that caps end a
// replay, too.
func (c *calls) replayed(m lm.Model) (lm.Model, error) { return c.bare(m, nil) }

func (c *calls) bare(m lm.Model, record func(lm.Model) lm.Model) (lm.Model, error) {
	if purse := c.paid(m.Name()); purse != nil {
		var err error
		if m, err = lm.Budgeted(m, purse, c.spending(m.Name())); err != nil {
			return nil, err
		}
	}
	if record != nil {
		m = record(m)
	}
	return m, nil
}

// open opens what is written to.
func (c *calls) open(ctx context.Context) error {
	if c.disk == nil || len(c.clients) == 0 || c.disk.cache != nil {
		return nil
	}
	cache, err := store.OpenCache(ctx, c.disk.path, store.CacheOptions{})
	if err != nil {
		return usagef("--cache: %w; or go on without one: --no-cache", err)
	}
	c.disk.cache = cache
	return nil
}

// close writes the recording and gives everything back.
func (c *calls) close() error {
	var errs []error
	if c.recorder != nil && c.began {
		errs = append(errs, c.recorder.Close())
	}
	if c.disk != nil && c.disk.cache != nil {
		errs = append(errs, c.disk.cache.Close())
		c.disk.cache = nil
	}
	for _, client := range c.clients {
		errs = append(errs, client.Close())
	}
	return errors.Join(errs...)
}

// disk is the cache's store, opened only when the run begins.
type disk struct {
	path  string
	cache *store.Cache
}

var errCacheClosed = gepa.Fatal(errors.New("the cache is not open: open the run first"))

func (d *disk) Get(ctx context.Context, key lm.RequestKey) ([]byte, bool, error) {
	if d.cache == nil {
		return nil, false, errCacheClosed
	}
	return d.cache.Get(ctx, key)
}

func (d *disk) Put(ctx context.Context, key lm.RequestKey, value []byte) error {
	if d.cache == nil {
		return errCacheClosed
	}
	return d.cache.Put(ctx, key, value)
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
