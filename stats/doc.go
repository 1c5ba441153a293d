// Package stats holds the statistics that a comparison of two prompts needs to
// be reported honestly: intervals, paired tests and power.
//
// Both systems are run on the same examples, so everything about a difference
// is paired, by index. [Compare] is the front door. It takes what a metric gave
// each example and returns the difference with a 95 % interval, a p-value, and
// the smallest difference that so many examples can show. What it is made of
// can be used alone: [BCa] and [SignFlip] for scores, [Tango] and [McNemar] for
// right and wrong, [Wilson] for one proportion.
//
// Everything is a function of its arguments: what is drawn at random is drawn
// from a seed that the caller names. All functions are safe for concurrent use.
package stats
