package config

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/price"
	"github.com/gepa-go/gepa/lm/sim"
	"github.com/gepa-go/gepa/report"
)

// A Key says whether a provider's key is there. It never holds one.
type Key struct {
	Provider string `json:"provider"`
	// Variables are the environment variables that may hold the key, and Set
	// the one that does; "" if none does.
	Variables []string `json:"variables"`
	Set       string   `json:"set"`
	// Optional says that endpoints without a key are usual.
	Optional bool `json:"optional"`
}

// Keys says which keys the environment holds.
func Keys(getenv func(string) string) []Key {
	var keys []Key
	for _, p := range Providers() {
		k := Key{Provider: p.Name, Variables: p.KeyVars, Optional: p.KeyOptional}
		for _, name := range p.KeyVars {
			if strings.TrimSpace(getenv(name)) != "" {
				k.Set = name
				break
			}
		}
		keys = append(keys, k)
	}
	return keys
}

// A Check is what was found out about a model.
type Check struct {
	Model string `json:"model"`
	// Endpoint is where it was asked.
	Endpoint string `json:"endpoint"`
	// OK says that it answered.
	OK bool `json:"ok"`
	// Answered is the model that answered, in the provider's words.
	Answered string `json:"answered"`
	// LatencyMS is how long the first answer took, in milliseconds.
	LatencyMS int64 `json:"latency_ms"`
	// Price is the known price; nil if it is not known.
	Price    *lm.Price `json:"price"`
	Features []Feature `json:"features"`
	// Usage is what all questions of the check consumed.
	Usage report.Usage `json:"usage"`
	// Error says why it did not answer; "" if it did.
	Error string `json:"error"`
}

// A Feature is something that a model may be able to do.
type Feature struct {
	// Name is "json", "schema", "tool", "seed", "cost" or "usage".
	Name string `json:"name"`
	// Promised says that it is expected of the provider, Works that a question
	// showed it; Works is nil where no question was asked.
	Promised bool  `json:"promised"`
	Works    *bool `json:"works"`
}

// Probe asks a model up to three short questions, and says what it can do. Its
// error is for a model that cannot be asked at all, and matches ErrUsage; one
// that was asked in vain is a Check with an Error.
func Probe(ctx context.Context, name, baseURL string, timeout time.Duration, prices price.Table, getenv func(string) string) (_ Check, err error) {
	c := Check{Model: name}
	var model lm.Model = sim.New(sim.Options{})
	if name != SimModel {
		client, err := OpenClient("model", name, baseURL, getenv)
		if err != nil {
			return c, err
		}
		defer func() { err = errors.Join(err, client.Close()) }()
		model, c.Endpoint = client, client.BaseURL()
	}
	if p, ok := prices.Lookup(name); ok {
		c.Price = &p
	}
	asked := prober{model: lm.Timeout(lm.Priced(model, c.Price), timeout)}
	reply, err := asked.ask(ctx, lm.Request{Messages: []lm.Message{{Role: "user", Content: "Reply with the word ok."}}})
	if err != nil {
		c.Error = lm.Redact(err.Error(), Secrets(getenv)...)
	} else {
		c.OK, c.Answered, c.LatencyMS = true, reply.Model, reply.Latency.Milliseconds()
		c.Features = asked.features(ctx, reply)
	}
	c.Usage = report.UsageOf(asked.usage, name == SimModel)
	if ctx.Err() != nil {
		return c, context.Cause(ctx)
	}
	return c, nil
}

// prober asks a model, and counts.
type prober struct {
	model lm.Model
	usage gepa.Usage
}

func (p *prober) ask(ctx context.Context, req lm.Request) (lm.Reply, error) {
	// Enough for a model that thinks first.
	req.Params.MaxTokens = 512
	started := time.Now()
	reply, err := p.model.Complete(ctx, req)
	if err != nil {
		p.usage = p.usage.Add(gepa.UsageOf(err))
		return reply, err
	}
	p.usage = p.usage.Add(reply.Usage)
	if reply.Latency == 0 {
		reply.Latency = time.Since(started)
	}
	return reply, nil
}

// features lists what is promised, and what questions show.
func (p *prober) features(ctx context.Context, first lm.Reply) []Feature {
	var list []Feature
	for _, f := range lm.Features() {
		found := Feature{Name: string(f), Promised: lm.Supports(p.model, f)}
		switch {
		case !found.Promised:
		case f == lm.FeatureJSON:
			found.Works = p.object(ctx, lm.Request{JSON: true})
		case f == lm.FeatureSchema, f == lm.FeatureTool:
			found.Works = p.object(ctx, lm.Request{Schema: &lm.Schema{
				Name: "probe", Strict: true,
				JSON: json.RawMessage(`{"type":"object","properties":{"word":{"type":"string"}},"required":["word"],"additionalProperties":false}`),
			}})
		case f == lm.FeatureCost:
			found.Works = new(first.Usage.Cost.Known())
		}
		list = append(list, found)
	}
	return append(list, Feature{Name: "usage", Promised: true, Works: new(first.Usage.Unmeasured == 0)})
}

// object reports whether the model replies with an object that has a word.
func (p *prober) object(ctx context.Context, req lm.Request) *bool {
	req.Messages = []lm.Message{{Role: "user", Content: `Reply with the JSON object {"word": "ok"}.`}}
	reply, err := p.ask(ctx, req)
	var got struct {
		Word *string `json:"word"`
	}
	works := err == nil && json.Unmarshal([]byte(reply.Text), &got) == nil && got.Word != nil
	return &works
}
