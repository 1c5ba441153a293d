//go:build ignore

// Command onefile writes the pages as one file over the JSON on its standard
// input, for a look at such a file with a browser.
package main

import (
	"io"
	"log"
	"os"

	"github.com/gepa-go/gepa/report/web"
)

func main() {
	data, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = web.WriteReport(os.Stdout, "made up", data)
	}
	if err != nil {
		log.Fatal(err)
	}
}
