package program

import "github.com/gepa-go/gepa"

// A State is a saved program: DSPy's JSON state.
type State struct{ doc gepa.Fields }
