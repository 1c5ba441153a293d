// Package gepa improves the prompts of compound AI systems by reflection and
// Pareto search. It implements GEPA (Genetic-Pareto; Agrawal et al., "GEPA:
// Reflective Prompt Evolution Can Outperform Reinforcement Learning", arXiv
// 2507.19457).
//
// # The parts
//
// A [System] is the thing being optimized. It owns named components, each a
// text, usually one predictor's instruction; a [Candidate] is one text for each.
// Package [github.com/gepa-go/gepa/program] makes a System of signatures and
// predictors in the manner of DSPy; anything else that can run a candidate on
// an [Example] and score the result is one, too.
//
// [Optimize] takes a System, [Data] in three sets and [Options]:
//
//   - It scores the system's own texts, the seed, on the validation set.
//   - It then makes proposals, until the [Budget] is used. A proposal draws a
//     parent from the frontier ([SelectByExample]), takes one of its
//     components and a minibatch of the feedback set, runs the parent on it,
//     and has a [Proposer] write a better text from the traces and the
//     feedback. If the child's summed score on the minibatch beats its
//     parent's, the child is validated in full and joins the pool.
//   - After an accepted child, two candidates of the frontier that changed
//     different components since a common ancestor may be merged.
//   - At the end it returns the candidate with the best mean validation score,
//     and measures the seed and that winner on the sealed test set, which
//     nothing has read before.
//
// # What a run promises
//
// A run is recorded in a [Journal], and its [State] is a fold of the journal's
// events. Given one that survives the process (package
// [github.com/gepa-go/gepa/store]), a run that was interrupted or killed goes
// on where it was when Optimize is called again, and pays for nothing twice.
// Random decisions depend on the seed, their purpose and their number alone:
// equal seeds, options, data and model replies give equal runs at any
// [Options.Concurrency].
//
// A failure of the world (a model that cannot be reached) is an error, and
// never a score. A failure of the program under test (a reply that cannot be
// parsed, a panic) is a score, with feedback from which reflection can learn.
//
// # Compatibility
//
// Before version 1 the API may change between minor versions; the CHANGELOG
// says how. Journals carry a format number and stay readable.
//
// This package imports only the standard library.
package gepa
