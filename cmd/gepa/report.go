package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/onepage"
	"github.com/gepa-go/gepa/report/web"
)

// The forms of a report.
const (
	formHTML     = "html"
	formMarkdown = "markdown"
)

// megabyte is the unit of --limit-mb.
const megabyte = 1_000_000

func newReport() *cobra.Command {
	const defaultLimit = 20
	var form, file string
	limit := defaultLimit
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write a run as one page, or as a comment",
		Long: "Writes the run in the folder RUN (" + config.DefaultOut + "), finished or not, as one HTML file with the pages of the dashboard: it " +
			"opens from disk and needs no network. With --format markdown it is a comment for a pull request: what is shown, what " +
			"changed and what it took. See docs/reports.md.",
		Example: "  gepa report my-run -o report.html\n  gepa report my-run --format markdown | gh pr comment --body-file -",
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if form, err = reportForm(form, file); err != nil {
				return err
			}
			if form == formMarkdown && cmd.Flags().Changed("limit-mb") {
				return usagef("--limit-mb means something with --format html only: a comment has GitHub's limit of %d characters", report.CommentLimit)
			}
			dir, err := config.Locate(argument(args, 0))
			if err != nil {
				return err
			}
			if form == formMarkdown {
				return writeMarkdown(cmd, dir, file)
			}
			return writePage(cmd, dir, file, limit*megabyte)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&file, "output", "o", "", "file to write, .html or .md; - is standard output (standard output)")
	f.StringVar(&form, "format", "", "html or markdown (as the file's name ends, else html)")
	f.Var(number{&limit, 1}, "limit-mb", "most megabytes of data in the page; what matters least is left out")
	return cmd
}

// reportForm says in which form a report is written.
func reportForm(form, file string) (string, error) {
	ends := map[string]string{".html": formHTML, ".htm": formHTML, ".md": formMarkdown, ".markdown": formMarkdown}
	named, known := ends[strings.ToLower(filepath.Ext(file))]
	switch {
	case form != "":
		if _, err := chosen("format", form, []string{formHTML, formMarkdown}); err != nil {
			return "", err
		}
		if known && named != form {
			return "", usagef("--format %s: %s is named as if it were the other form", form, file)
		}
		return form, nil
	case file == "" || file == "-":
		return formHTML, nil
	case known:
		return named, nil
	default:
		return "", usagef("-o %s: name it .html or .md, or say --format", file)
	}
}

func writeMarkdown(cmd *cobra.Command, dir, file string) error {
	run, err := config.ReadKept(cmd.Context(), dir)
	if err != nil {
		return err
	}
	s, err := run.Summary()
	if err != nil {
		return err
	}
	return writeOut(cmd, file, func(w io.Writer) error {
		return s.Markdown(w, report.MarkdownOptions{Run: dir, Command: run.Command})
	})
}

func writePage(cmd *cobra.Command, dir, file string, limit int) error {
	app, err := onepage.Built(web.FS())
	if err != nil {
		return err
	}
	var data *onepage.Data
	err = config.See(cmd.Context(), dir, func(seen *config.Seen) error {
		if seen.Story.State.Run() == nil {
			return usagef("the run in %s was stopped before it began: there is nothing to show", dir)
		}
		data, err = onepage.Gather(cmd.Context(), seen.Fold, seen.Source, limit)
		if errors.Is(err, onepage.ErrLimit) {
			return usagef("--limit-mb %d: %v", limit/megabyte, err)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := writeOut(cmd, file, func(w io.Writer) error { return onepage.Write(w, app, data, config.Secrets(os.Getenv)...) }); err != nil {
		return err
	}
	if data.LeftOut != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s A higher --limit-mb takes them in.\n", data.LeftOut)
	}
	return nil
}
