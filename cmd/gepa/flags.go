package main

import (
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// number is a flag for a whole number from some least value on.
type number struct {
	into  *int
	least int
}

func (n number) String() string {
	if n.into == nil || *n.into == 0 {
		return ""
	}
	return strconv.Itoa(*n.into)
}

func (n number) Type() string { return "N" }

func (n number) Set(text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < n.least {
		return errors.New("want a whole number, " + strconv.Itoa(n.least) + " or more")
	}
	*n.into = v
	return nil
}

// span is a flag for a duration above zero.
type span struct{ into *time.Duration }

func (s span) String() string {
	if s.into == nil || *s.into == 0 {
		return ""
	}
	return s.into.String()
}

func (s span) Type() string { return "D" }

func (s span) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil || v <= 0 {
		return errors.New("want a duration such as 90s, 15m or 2h")
	}
	*s.into = v
	return nil
}

// show are the flags that say what is printed, and how.
type show struct {
	json, noColor, quiet bool
	log                  string
}

func (s *show) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.json, "json", false, "print the result as one JSON object (docs/formats/cli-json.md)")
	f.BoolVar(&s.noColor, "no-color", false, "use no colours; NO_COLOR in the environment does the same")
	f.StringVar(&s.log, "log", "", "add what happens to this file, every call included, as JSON lines (docs/models.md)")
	f.BoolVar(&s.quiet, "quiet", false, "say nothing but warnings while it runs")
}
