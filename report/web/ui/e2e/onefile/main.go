//go:build ignore

// Command onefile writes the pages as one file over the JSON on its standard
// input, for a look at such a file with a browser.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/gepa-go/gepa/report/onepage"
	"github.com/gepa-go/gepa/report/web"
)

func main() {
	app, err := onepage.Built(web.FS())
	var data onepage.Data
	if err == nil {
		err = json.NewDecoder(os.Stdin).Decode(&data)
	}
	if err == nil {
		err = onepage.Write(os.Stdout, app, &data)
	}
	if err != nil {
		log.Fatal(err)
	}
}
