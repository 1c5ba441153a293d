// Command ansisvg reads a terminal's screen from standard input, as "tmux
// capture-pane -e -p" writes it, and writes a picture of it to standard output.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/gepa-go/gepa/internal/ansisvg"
)

func main() {
	var o ansisvg.Options
	flag.IntVar(&o.Columns, "columns", 80, "columns of the screen")
	flag.IntVar(&o.Rows, "rows", 24, "rows of the screen")
	flag.StringVar(&o.Title, "title", "", "title of the picture")
	flag.Parse()
	screen, err := io.ReadAll(os.Stdin)
	if err == nil {
		_, err = os.Stdout.WriteString(ansisvg.Render(string(screen), o))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ansisvg:", err)
		os.Exit(1)
	}
}
