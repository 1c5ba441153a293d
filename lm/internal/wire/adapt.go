package wire

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/gepa-go/gepa/lm"
)

// Names of the parameters that some models do not take.
const (
	ParamTemperature = "temperature"
	ParamTopP        = "top_p"
	ParamSeed        = "seed"
	// ParamMaxTokens is OpenAI's older name for the reply's bound; models that
	// do not take it take max_completion_tokens.
	ParamMaxTokens = "max_tokens"
)

// Takes reports whether the model is not known to refuse a parameter.
func (e *Endpoint) Takes(param string) bool {
	return e.learned.Load()&bit(param) == 0
}

// Forgo makes it known that the model does not take a parameter.
func (e *Endpoint) Forgo(param string) { e.learned.Or(bit(param)) }

// adaptable is the number of parameters that are left out, or sent otherwise,
// once the model was found not to take them.
const adaptable = 4

// bit returns a bit of its own for each of them, and 0 for others.
func bit(param string) uint32 {
	switch param {
	case ParamTemperature:
		return 1
	case ParamTopP:
		return 2
	case ParamSeed:
		return 4
	case ParamMaxTokens:
		return 8
	}
	return 0
}

// Adapt checks a request, takes the parameters out that the model does not
// take, and makes the call. Where the provider refuses the request because of
// such a parameter, that is remembered for the endpoint's life, and the call is
// made once more without; the refused call is in the usage.
func (e *Endpoint) Adapt(ctx context.Context, req lm.Request, once func(context.Context, lm.Request) (lm.Reply, error)) (lm.Reply, error) {
	began := time.Now()
	if len(req.Messages) == 0 {
		return lm.Reply{}, e.Failure(lm.KindBadRequest, "the request has no messages")
	}
	if req.Schema != nil {
		if err := req.Schema.Check(); err != nil {
			return lm.Reply{}, e.Failure(lm.KindBadRequest, err.Error())
		}
	}
	var refused lm.Usage
	for range adaptable + 1 {
		known := e.learned.Load()
		sent, ignored := without(req, known)
		reply, err := once(ctx, sent)
		if err == nil {
			reply.Ignored, reply.Latency = ignored, time.Since(began)
			reply.Usage = refused.Add(reply.Usage)
			return reply, nil
		}
		out := lm.AsError(err, e.Name)
		u, ok := errors.AsType[*unsupportedError](out)
		if !ok || !has(sent, u.param) || known&bit(u.param) != 0 {
			out.Usage = refused.Add(out.Usage)
			return lm.Reply{}, out
		}
		refused = refused.Add(out.Usage)
		e.Forgo(u.param)
		lm.Tell(ctx, lm.PartAdapt, slog.String("refused", u.param))
	}
	out := e.Failure(lm.KindBadRequest, "the model refuses one parameter after the other")
	out.Usage = refused
	return lm.Reply{}, out
}

// without returns the request without the parameters that are known not to be
// taken, and their names.
func without(req lm.Request, known uint32) (_ lm.Request, ignored []string) {
	drop := func(param string) bool {
		if known&bit(param) == 0 || !has(req, param) {
			return false
		}
		ignored = append(ignored, param)
		return true
	}
	if drop(ParamTemperature) {
		req.Params.Temperature = nil
	}
	if drop(ParamTopP) {
		req.Params.TopP = nil
	}
	if drop(ParamSeed) {
		req.Params.Seed = nil
	}
	return req, ignored
}

func has(req lm.Request, param string) bool {
	switch param {
	case ParamTemperature:
		return req.Params.Temperature != nil
	case ParamTopP:
		return req.Params.TopP != nil
	case ParamSeed:
		return req.Params.Seed != nil
	case ParamMaxTokens:
		return req.Params.MaxTokens > 0
	}
	return false
}

// unsupportedError is the cause of a refusal that is about one parameter.
type unsupportedError struct{ param string }

func (e *unsupportedError) Error() string { return "the model does not take " + e.param }

var (
	notTaken = regexp.MustCompile(`(?i)unsupported|not support|deprecated|cannot both|not allowed|not permitted|unrecognized|unknown|extra inputs`)
	named    = regexp.MustCompile("[`'\"](temperature|top_p|seed|max_tokens)[`'\"]")
)

// unsupported returns the parameter that a refusal says the model does not
// take; "" if it says something else.
func (p problem) unsupported() string {
	if !notTaken.MatchString(p.message) {
		return ""
	}
	if bit(p.param) != 0 {
		return p.param
	}
	names := named.FindAllStringSubmatch(p.message, -1)
	if len(names) == 0 {
		return ""
	}
	if strings.Contains(p.message, "cannot both") {
		// Of two that exclude each other, the temperature stays.
		return ParamTopP
	}
	return names[0][1]
}
