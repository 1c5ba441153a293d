// Command gepa improves the prompts of a compound AI system by reflection and
// Pareto search. "gepa help" says how.
package main

import (
	"context"
	"os"
)

func main() {
	ctx, stop := interruptible(context.Background())
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
