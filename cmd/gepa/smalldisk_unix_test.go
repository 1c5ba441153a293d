//go:build unix

package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// smallDisk is the command gepa where no file may grow beyond FILE_LIMIT bytes,
// which to a program that writes is a full disk.
func smallDisk() {
	limit, err := strconv.ParseUint(os.Getenv("FILE_LIMIT"), 10, 64)
	if err == nil {
		signal.Ignore(syscall.SIGXFSZ) // writing then fails, as on a full disk
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "small disk:", err)
		os.Exit(99)
	}
	main()
}
