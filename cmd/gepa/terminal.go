package main

import (
	"io"
	"os"

	"github.com/charmbracelet/x/term"
)

// columns returns the width of the terminal that w is, or 0 if it is none.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return 0
	}
	width, _, err := term.GetSize(f.Fd())
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// colorful reports whether colours may be written to w.
func colorful(w io.Writer, off bool) bool {
	return !off && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && columns(w) > 0
}

// interactive reports whether w is a terminal that this process may draw on:
// one that knows how to move its cursor, and that has not given the keyboard to
// another process.
func interactive(w io.Writer) bool {
	return columns(w) > 0 && os.Getenv("TERM") != "dumb" && inForeground(w.(*os.File))
}
