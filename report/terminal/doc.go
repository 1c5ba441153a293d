// Package terminal shows a run on a terminal while it is at work: what is in
// flight, how scores developed, the last accepted edit, what was spent, and
// what went wrong. It draws a [view.Run], the same object that the dashboard
// shows, so that the two cannot disagree.
//
// The view is a region at the bottom of the ordinary screen, not a screen of
// its own: what is finished is printed above it and stays in the terminal's
// history, where it can be scrolled to, searched and copied, when the run is
// over. The region is taken away at the end. docs/terminal.md says what it
// shows and which keys it has.
//
// Texts of models and data reach the terminal as printable characters only: a
// [line] is made of texts and styles, and where it is drawn, texts are made
// printable and escape sequences come from styles alone.
package terminal
