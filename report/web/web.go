// Package web holds the pages of the dashboard: an index.html, one script and
// one stylesheet, built from the sources in ui by Vite and embedded here, so
// that a program that shows runs needs no file beside it.
//
// The pages read the rows that docs/formats/dashboard-api.md specifies: from a
// server, or from the file itself where package onepage put them into it. What
// they show is text only, they ask no other host for anything, and they run
// under a policy that allows no script but their own.
//
// "make web" builds dist anew after a change of ui; dist is committed, and
// "make web-check" fails where the two differ.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// FS returns the pages: index.html, which is the answer to every path of a
// page, and what it asks for below assets/. The names of assets hold a hash of
// their content, so that they may be cached for ever; index.html may not. It
// is safe for concurrent use.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return sub
}
