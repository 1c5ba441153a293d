// Package web holds the pages of the dashboard as they were built from the
// TypeScript in ui. The dashboard serves them, and a report file holds them
// whole.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files returns the built pages: index.html, and what it refers to in assets.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // not reached: the name is a valid one
	}
	return files
}
