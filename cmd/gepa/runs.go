package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
)

// runsFormat is the version of the object that --json prints.
const runsFormat = 1

// runLine is a run in the list.
type runLine struct {
	Folder string        `json:"folder"`
	Status report.Status `json:"status"`
	// Detail says more in words.
	Detail  string     `json:"detail"`
	Created *time.Time `json:"created"`
	Updated *time.Time `json:"updated"`
	// Best is the best mean validation score; null before there is one.
	Best      *float64     `json:"best"`
	Proposals int          `json:"proposals"`
	Rollouts  int          `json:"rollouts"`
	Sessions  int          `json:"sessions"`
	Spend     report.Usage `json:"spend"`
	Command   string       `json:"command"`
	// Error says why the run could not be read; the other fields are empty.
	Error string `json:"error,omitempty"`
}

func newRuns() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "runs [FOLDER]...",
		Short: "List runs, and how they stand",
		Long: "Lists the runs in each FOLDER (.) and in the folders directly in it, the last one that did anything first. A run is " +
			"running, finished, interrupted (Ctrl-C), failed (a model, a disk) or crashed (its process was killed); what is not " +
			"running can go on with gepa resume.",
		Example: "  gepa runs\n  gepa runs experiments --json | jq '.runs[] | {folder, best}'",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			lines := []runLine{}
			for _, top := range args {
				dirs := config.Folders(top)
				if len(dirs) == 0 && len(args) > 1 {
					return usagef("%s: there is no run in it, nor in a folder directly in it", top)
				}
				for _, dir := range dirs {
					line, err := readLine(cmd, dir)
					if err != nil {
						return err
					}
					lines = append(lines, line)
				}
			}
			slices.SortStableFunc(lines, func(a, b runLine) int { return cmp.Compare(lastChange(b), lastChange(a)) })
			if asJSON {
				return printJSON(cmd.OutOrStdout(), struct {
					Format int       `json:"format"`
					Runs   []runLine `json:"runs"`
				}{runsFormat, lines})
			}
			if len(lines) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "there are no runs here; gepa demo --out my-run makes one")
				return err
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), runsTable(lines, time.Now()))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	return cmd
}

// readLine reads one run. One that cannot be read is a line, too.
func readLine(cmd *cobra.Command, dir string) (runLine, error) {
	run, err := config.ReadKept(cmd.Context(), dir)
	if err != nil {
		if cerr := cmd.Context().Err(); cerr != nil {
			return runLine{}, errors.Join(err, cerr)
		}
		return runLine{Folder: dir, Status: "unreadable", Error: err.Error()}, nil
	}
	l := runLine{Folder: dir, Status: run.Status, Detail: run.Detail, Command: run.Command}
	if !run.Created.IsZero() {
		l.Created = &run.Created
	}
	s := run.Story.State
	if n := len(run.Story.Sessions); n > 0 {
		l.Sessions, l.Updated = n, &run.Story.Sessions[n-1].Ended
	}
	if best, ok := s.Best(); ok {
		l.Best = &best.Mean
	}
	l.Proposals, l.Rollouts = len(s.Proposals()), s.Rollouts()
	l.Spend = report.UsageOf(s.Spend().Total(), run.Simulated())
	return l, nil
}

func lastChange(l runLine) int64 {
	switch {
	case l.Updated != nil:
		return l.Updated.UnixNano()
	case l.Created != nil:
		return l.Created.UnixNano()
	}
	return 0
}

func runsTable(lines []runLine, now time.Time) string {
	rows := [][]string{{"run", "status", "best", "rollouts", "spend", "age", ""}}
	for _, l := range lines {
		best, age, detail := "–", "–", l.Detail
		if l.Best != nil {
			best = fmt.Sprintf("%.4f", *l.Best)
		}
		if at := lastChange(l); at > 0 {
			age = ageWords(now.Sub(time.Unix(0, at)))
		}
		if l.Error != "" {
			detail = l.Error
		}
		rows = append(rows, []string{l.Folder, string(l.Status), best, fmt.Sprint(l.Rollouts), l.Spend.Cost, age, detail})
	}
	return aligned(rows)
}

// aligned lays rows out in columns; the last is as wide as it is.
func aligned(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// ageWords says how long ago something was.
func ageWords(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
