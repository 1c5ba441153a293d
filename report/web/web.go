// Package web holds the pages of the dashboard: an index.html, one script and
// one stylesheet, built from the sources in ui by Vite and embedded here, so
// that a program that shows runs needs no file beside it.
//
// The pages read the rows that docs/formats/dashboard-api.md specifies: from a
// server, or from the file itself where [WriteReport] put them into it. What
// they show is text only, they ask no other host for anything, and they run
// under a policy that allows no script but their own.
//
// "make web" builds dist anew after a change of ui; dist is committed, and
// "make web-check" fails where the two differ.
package web

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
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

// asset returns the content of the one asset with the extension.
func asset(extension string) (string, error) {
	names, err := fs.Glob(FS(), path.Join("assets", "*"+extension))
	if err != nil {
		return "", err
	}
	if len(names) != 1 {
		return "", fmt.Errorf("the pages have %d assets of kind %s, want 1", len(names), extension)
	}
	data, err := fs.ReadFile(FS(), names[0])
	return string(data), err
}
