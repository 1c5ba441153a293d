package main

import "os"

// inForeground reports whether the terminal is this process's to change.
func inForeground(*os.File) bool { return true }
