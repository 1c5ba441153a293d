package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// bound is a flag for a budget of a run that goes on: N is the new total, +N
// so much more than before.
type bound struct {
	amount int64
	more   bool
	given  bool
	// parse reads the amount; words say what it wants.
	parse func(string) (int64, error)
	typ   string
}

func numberBound() *bound {
	return &bound{typ: "[+]N", parse: func(text string) (int64, error) {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			return 0, errors.New("want a whole number such as 40, or +20 for twenty more")
		}
		return n, nil
	}}
}

func timeBound() *bound {
	return &bound{typ: "[+]D", parse: func(text string) (int64, error) {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return 0, errors.New("want a duration such as 90m, or +30m for half an hour more")
		}
		return int64(d), nil
	}}
}

func (b *bound) String() string { return "" }
func (b *bound) Type() string   { return b.typ }

func (b *bound) Set(text string) error {
	amount, more := strings.CutPrefix(text, "+")
	n, err := b.parse(amount)
	if err != nil {
		return err
	}
	b.amount, b.more, b.given = n, more, true
	return nil
}

// apply returns the bound after the flag. The flag is named in errors.
func (b *bound) apply(flag string, now int64) (int64, error) {
	switch {
	case !b.given:
		return now, nil
	case !b.more:
		return b.amount, nil
	case now == 0:
		return 0, usagef("--%s +%s: the run has no such bound to add to; give a number without +", flag, b.words())
	case now > math.MaxInt64-b.amount:
		return 0, usagef("--%s +%s: that is too much", flag, b.words())
	}
	return now + b.amount, nil
}

func (b *bound) words() string {
	if b.typ == "[+]D" {
		return time.Duration(b.amount).String()
	}
	return fmt.Sprint(b.amount)
}

// oneRun takes at most one argument, the run.
func oneRun(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one run, and %q is one too many; see %s --help", cmd.CommandPath(), args[1], cmd.CommandPath())
	}
	return nil
}

// argument returns the argument at a place, or "".
func argument(args []string, at int) string {
	if at < len(args) {
		return args[at]
	}
	return ""
}
