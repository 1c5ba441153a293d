// Package view folds a run's journal into the tables that every picture of a
// run is drawn from: the terminal, the dashboard, the HTML report, the plots.
// A [Fold] takes the records one by one, so a picture is live while the run is
// and the same after it ended, and it is made of [report.Story], so its figures
// are those of "gepa show --json".
//
// The tables are small: texts, messages and traces stay in the journal, and
// what a page shows of them ([CandidateDetail], [ProposalDetail],
// [RolloutDetail]) is read from there when it is asked for.
//
// The JSON forms of these types are specified in docs/formats/dashboard-api.md.
// Numbers that are not known, not a number or infinite are null in them.
package view
