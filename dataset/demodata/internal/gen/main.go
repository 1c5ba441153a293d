// Command gen writes the demonstration data: train.jsonl and dev.jsonl in the
// working directory. It takes no arguments; the data follow from the code.
package main

import (
	"fmt"
	"os"

	"github.com/gepa-go/gepa/dataset/demodata/internal/world"
)

func main() {
	for _, split := range []string{"train", "dev"} {
		data, err := world.Split(split)
		if err == nil {
			err = os.WriteFile(split+".jsonl", data, 0o644)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "gen: %s: %v\n", split, err)
			os.Exit(1)
		}
	}
}
