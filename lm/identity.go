package lm

// Identity returns what a model is apart from its name: where its replies come
// from, so that equal requests to different endpoints are told apart. It is
// what the model, or the innermost model it wraps, says by a method
//
//	Identity() string
//
// or else by BaseURL() string, as clients of providers have; "" if neither.
// Middleware lets it through by a method Unwrap() Model.
func Identity(m Model) string {
	for m != nil {
		switch known := m.(type) {
		case interface{ Identity() string }:
			return known.Identity()
		case interface{ BaseURL() string }:
			return known.BaseURL()
		}
		wrapper, ok := m.(interface{ Unwrap() Model })
		if !ok {
			break
		}
		m = wrapper.Unwrap()
	}
	return ""
}

// wrapping is what middleware has in common: the model it is around.
type wrapping struct{ model Model }

// Name returns the name of the model within.
func (w wrapping) Name() string { return w.model.Name() }

// Unwrap returns the model within.
func (w wrapping) Unwrap() Model { return w.model }
