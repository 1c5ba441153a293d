// Package plot draws a run: its scores over the course of the search, the
// lineage of its candidates, their scores on every validation example, and the
// frontier. A figure is drawn from a [view.Run], the tables that the terminal
// and the pages show, so its figures are theirs.
//
// A figure is a list of outlines and texts that is written as SVG or painted as
// PNG. Equal runs give equal bytes, on every machine. Texts of a run, which
// models and data may have written, are shown as text and nothing else: they
// are shortened, freed of control characters and of marks that turn the
// direction of writing, and escaped.
package plot
