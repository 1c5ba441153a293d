package main

import (
	"fmt"
	"os"
)

// smallDisk cannot be had on Windows.
func smallDisk() {
	fmt.Fprintln(os.Stderr, "small disk: not on Windows")
	os.Exit(99)
}
