package serve

import (
	"io/fs"
	"testing/fstest"
)

// Placeholder returns pages that say where the API is, for a program that is
// built without the dashboard's pages.
func Placeholder() fs.FS {
	const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>gepa</title>
<p>This program was built without the dashboard's pages. The API is there: <a href="/api/runs">/api/runs</a>.</p></html>
`
	return fstest.MapFS{"index.html": {Data: []byte(page)}}
}
