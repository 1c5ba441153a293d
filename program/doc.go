// Package program builds the systems that this module optimizes: signatures,
// predictors, and compound programs in the manner of DSPy, with DSPy's wire
// formats and saved state.
package program
