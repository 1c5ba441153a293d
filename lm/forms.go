package lm

import (
	"context"
	"log/slog"
	"sync"
)

// RememberForms returns a model that remembers which forms of a reply (a
// schema, or JSON mode) m was found to refuse, by [RefuseForm], and from then
// on refuses requests for them itself, with the same error: a form is refused
// by a provider once, and not with every call.
//
// It belongs around the cache and inside of a recording, which then holds
// these refusals like any other.
func RememberForms(m Model) Model { return &remembering{wrapping: wrapping{m}} }

type remembering struct {
	wrapping
	mu      sync.Mutex
	refused map[string]*Error
}

// form is the form that a request asks for; "" for none.
func form(req Request) string {
	switch {
	case req.Schema != nil:
		return "schema " + string(req.Schema.JSON)
	case req.JSON:
		return "json"
	}
	return ""
}

func (r *remembering) Complete(ctx context.Context, req Request) (Reply, error) {
	if f := form(req); f != "" {
		r.mu.Lock()
		known := r.refused[f]
		r.mu.Unlock()
		if known != nil {
			kind := "json"
			if req.Schema != nil {
				kind = "schema"
			}
			Tell(ctx, PartForms, slog.String("refused", kind))
			again := *known
			return Reply{}, &again
		}
	}
	return r.model.Complete(ctx, req)
}

// RefuseForm tells m that it refused the form of a request by an error, if m
// is, or wraps, one of [RememberForms]. It is for callers who saw that the
// same question passes without that form; the provider's words alone do not
// tell.
func RefuseForm(m Model, req Request, err *Error) {
	for m != nil {
		if r, ok := m.(*remembering); ok {
			r.refuse(form(req), err)
			return
		}
		w, ok := m.(interface{ Unwrap() Model })
		if !ok {
			return
		}
		m = w.Unwrap()
	}
}

func (r *remembering) refuse(form string, err *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if form == "" || r.refused[form] != nil {
		return
	}
	if r.refused == nil {
		r.refused = map[string]*Error{}
	}
	known := *err
	known.Usage = Usage{}
	r.refused[form] = &known
}
