package main

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/internal/atomicfile"
	"github.com/gepa-go/gepa/report/plot"
)

// The forms of a figure.
const (
	formSVG = "svg"
	formPNG = "png"
)

func newPlot() *cobra.Command {
	var kind, over, theme, form, file string
	var width int
	o := plot.Options{Scale: plot.DefaultScale}
	cmd := &cobra.Command{
		Use:   "plot [RUN]",
		Short: "Draw a run as SVG or PNG",
		Long: "Draws the run in the folder RUN (" + config.DefaultOut + "), finished or not: score, the candidates' validation scores over the run " +
			"and the sealed test; lineage, which candidate was made from which; heatmap, the score of every candidate on every " +
			"validation example; frontier, the candidates by two objectives. See docs/reports.md.",
		Example: "  gepa plot my-run -o score.svg\n  gepa plot my-run --kind lineage -o lineage.png\n  gepa plot my-run --kind heatmap -o - | display",
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Kind, err = chosen("kind", kind, plot.Kinds()); err != nil {
				return err
			}
			if o.Over, err = chosen("x", over, plot.Courses()); err != nil {
				return err
			}
			if o.Theme, err = chosen("theme", theme, plot.Themes()); err != nil {
				return err
			}
			if o.Kind != plot.Score && cmd.Flags().Changed("x") {
				return usagef("--x means something with --kind score only")
			}
			if form, err = figureForm(form, file); err != nil {
				return err
			}
			if form != formPNG && cmd.Flags().Changed("scale") {
				return usagef("--scale means something for PNG only: an SVG has no pixels")
			}
			if o.Width = width; width < plot.MinWidth || width > plot.MaxWidth {
				return usagef("--width %d: want %d to %d", width, plot.MinWidth, plot.MaxWidth)
			}
			if !(o.Scale > 0 && o.Scale <= plot.MaxScale) {
				return usagef("--scale %v: want more than 0, and at most %v", o.Scale, plot.MaxScale)
			}
			figure, err := drawRun(cmd, args, o)
			if err != nil {
				return err
			}
			write := figure.SVG
			if form == formPNG {
				write = figure.PNG
			}
			err = writeOut(cmd, file, write)
			if errors.Is(err, plot.ErrLarge) {
				return usagef("--scale %v: %v", o.Scale, err)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&kind, "kind", string(plot.Score), "what to draw: score, lineage, heatmap or frontier")
	f.StringVar(&over, "x", string(plot.Rollouts), "what the score is drawn over: rollouts, cost or time")
	f.StringVarP(&file, "output", "o", "", "file to write, .svg or .png; - is standard output (standard output)")
	f.StringVar(&form, "format", "", "svg or png (as the file's name ends, else svg)")
	f.StringVar(&theme, "theme", string(plot.Light), "light or dark")
	f.IntVar(&width, "width", plot.DefaultWidth, "width in CSS pixels")
	f.Float64Var(&o.Scale, "scale", plot.DefaultScale, "pixels of a PNG for each CSS pixel")
	return cmd
}

// chosen checks that a flag has one of some values.
func chosen[T ~string](flag, value string, of []T) (T, error) {
	if slices.Contains(of, T(value)) {
		return T(value), nil
	}
	names := texts(of)
	return "", usagef("--%s %s: want one of %s%s", flag, value, strings.Join(names, ", "), config.DidYouMean(value, names))
}

// figureForm says in which form a figure is written.
func figureForm(form, file string) (string, error) {
	end := strings.TrimPrefix(strings.ToLower(filepath.Ext(file)), ".")
	switch {
	case form != "":
		if _, err := chosen("format", form, []string{formSVG, formPNG}); err != nil {
			return "", err
		}
		if (end == formSVG || end == formPNG) && end != form {
			return "", usagef("--format %s: %s is named as if it were the other form", form, file)
		}
		return form, nil
	case file == "" || file == "-":
		return formSVG, nil
	case end == formSVG || end == formPNG:
		return end, nil
	default:
		return "", usagef("-o %s: name it .svg or .png, or say --format", file)
	}
}

// drawRun draws the run that is the command's argument.
func drawRun(cmd *cobra.Command, args []string, o plot.Options) (figure *plot.Figure, err error) {
	dir, err := config.Locate(argument(args, 0))
	if err != nil {
		return nil, err
	}
	err = config.See(cmd.Context(), dir, func(seen *config.Seen) error {
		run, err := seen.Fold.Run()
		if err != nil {
			return err
		}
		figure, err = plot.Draw(&run, o)
		if errors.Is(err, plot.ErrNothing) {
			return usagef("%s: %v", dir, err)
		}
		return err
	})
	return figure, err
}

// writeOut writes to a file in one step, or to standard output.
func writeOut(cmd *cobra.Command, file string, write func(io.Writer) error) error {
	if file == "" || file == "-" {
		return write(cmd.OutOrStdout())
	}
	return atomicfile.WriteBy(file, write)
}

// figureChoices are the values of the flags of plot and report that take one of
// several; nil of others.
func figureChoices(command, flag string) []string {
	switch command + " --" + flag {
	case "plot --kind":
		return texts(plot.Kinds())
	case "plot --x":
		return texts(plot.Courses())
	case "plot --theme":
		return texts(plot.Themes())
	case "plot --format":
		return []string{formSVG, formPNG}
	case "report --format":
		return []string{formHTML, formMarkdown}
	}
	return nil
}

func texts[T ~string](of []T) []string {
	out := make([]string, len(of))
	for i, v := range of {
		out[i] = string(v)
	}
	return out
}
