// Package report turns what a run found into what people and programs read:
// [Summarize] folds a result into a [Summary], which is the object that the
// command line prints with --json, [Summary.Text] renders it for a terminal,
// and [Status] and [ProposalLine] say where a run is while it is under way.
//
// Everything here is a pure function of its arguments: the same run gives the
// same bytes.
package report
