// Package forecast says what a run will use before it is made. A [Trial] holds
// what a few rollouts of the seed and a few real proposals measured; [New]
// simulates the whole run many times, with the search itself ([gepa.Search]) on
// virtual time, and returns the ranges that nine of ten simulated runs fall
// into, with warnings and advice.
//
// docs/plan.md says what is measured, what is assumed, and what the ranges do
// not cover.
package forecast
