package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/metric"
	"github.com/gepa-go/gepa/metric/command"
	"github.com/gepa-go/gepa/metric/expression"
)

func newMetric() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "metric",
		Short: "List measures, and check how well one measures",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMetricCheck(), newMetricList())
	return cmd
}

// metricCheck is what gepa metric check prints with --json.
type metricCheck struct {
	Format int    `json:"format"`
	Metric string `json:"metric"`
	metric.CheckReport
}

func newMetricCheck() *cobra.Command {
	var d dataFlags
	var named, expr, run string
	var how subjectFlags
	var on config.On
	var exitCode, asJSON bool
	var outputs []string
	opts := metric.CheckOptions{Repeats: 3}
	cmd := &cobra.Command{
		Use:   "check [NAME] | FILE… --outputs FIELDS",
		Short: "Check what a metric can tell, on a system or on recorded outputs",
		Long: "Runs a system several times on each of some examples, and shows how scores are spread, how far they repeat, how much " +
			"room there is above and below, and how often there are no words to learn from. " + subjectWords + "\n\n" +
			"With --outputs it reads examples with what a program answered on them, and measures that several times: what varies then is " +
			"the metric alone.",
		Example: "  # the system and the metric of gepa.yaml\n  gepa metric check --limit 10 --repeats 5\n\n" +
			"  # recorded outputs\n  gepa metric check answers.jsonl --outputs answer=prediction --labels answer --metric '0.7*f1 + 0.3*exact'\n" +
			"  gepa metric check answers.csv --outputs prediction --labels gold --expression '{score: output.prediction == labels.gold}'\n" +
			"  gepa metric check answers.jsonl --outputs code --command './score.py' --repeats 5",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(outputs) == 0 && named+expr+run == "" && !holdsOutputs(args) {
				return checkSystemMetric(cmd, &how, args, config.MetricCheck{On: d.on(on), Repeats: opts.Repeats}, asJSON)
			}
			if err := files(cmd, args); err != nil {
				return err
			}
			m, name, err := chooseMetric(named, expr, run, exitCode)
			if err != nil {
				return err
			}
			if len(outputs) == 0 {
				return usagef("--outputs is missing: name the fields that hold what the program answered, for instance --outputs answer=prediction")
			}
			examples, recorded, err := d.recorded(args, outputs, cmd.InOrStdin())
			if err != nil {
				return err
			}
			report, err := metric.Check(cmd.Context(), examples, metric.Recorded(m, recorded), opts)
			switch {
			case err != nil && gepa.IsFatal(err):
				return usagef("%v", err)
			case err != nil:
				return err
			case asJSON:
				return printJSON(cmd.OutOrStdout(), metricCheck{1, name, report})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s", name, report)
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&named, "metric", "", "measures with weights, for instance '0.7*f1 + 0.3*exact' (gepa metric list)")
	f.StringVar(&expr, "expression", "", "an expression instead (docs/metrics.md)")
	f.StringVar(&run, "command", "", "a command instead: a program and its arguments, divided at spaces")
	f.BoolVar(&exitCode, "exit-code", false, "the command's exit code is the verdict")
	f.StringSliceVar(&outputs, "outputs", nil, "fields that hold the program's output: NAME, NEW=OLD or NEW=/path")
	f.Var(number{&opts.Repeats, 1}, "repeats", "how often each example is run, or each output measured (3)")
	f.StringVar(&on.Data.Path, "data", "", "file of examples for a system, in the place of its own")
	f.StringVar(&on.Split, "split", "", "or a set of the run or the gepa.yaml: test, val or feedback (val)")
	d.add(cmd)
	f.BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	how.add(f)
	return cmd
}

// on returns on which examples a system is measured.
func (d *dataFlags) on(on config.On) config.On {
	on.Reading, on.Limit = d.reading, d.limit
	return on
}

// checkSystemMetric runs a system and checks its metric.
func checkSystemMetric(cmd *cobra.Command, how *subjectFlags, args []string, c config.MetricCheck, asJSON bool) (err error) {
	if cmd.Flags().Changed("seed") {
		return usagef("--seed means nothing for a system: the seed of the run or of the gepa.yaml holds")
	}
	if c.Subject, err = how.subject(cmd, argument(args, 0)); err != nil {
		return err
	}
	result, err := c.Do(cmd.Context())
	switch {
	case err != nil:
		return err
	case asJSON:
		return printJSON(cmd.OutOrStdout(), result)
	}
	name := result.System.Name
	if result.System.Simulated {
		name += " (simulated)"
	}
	text := fmt.Sprintf("%s on %s, scored by %s: %s", name, result.Data, result.Metric, result.CheckReport)
	for _, note := range result.Notes {
		text += note + "\n"
	}
	_, err = io.WriteString(cmd.OutOrStdout(), text)
	return err
}

// holdsOutputs reports whether arguments are files of recorded outputs, and not
// the name of a system.
func holdsOutputs(args []string) bool {
	if len(args) != 1 {
		return len(args) > 1
	}
	return args[0] == "-" || slices.Contains([]string{".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"}, filepath.Ext(args[0]))
}

// chooseMetric makes the one metric that is asked for.
func chooseMetric(named, expr, run string, exitCode bool) (metric.Metric, string, error) {
	given := 0
	for _, text := range []string{named, expr, run} {
		if text != "" {
			given++
		}
	}
	if given != 1 {
		return nil, "", usagef("give one of --metric, --expression and --command; got %d of them", given)
	}
	var m metric.Metric
	var err error
	switch {
	case expr != "":
		m, err = expression.New(expr)
	case run != "":
		m, err = command.New(command.Options{Args: strings.Fields(run), ExitCode: exitCode})
	default:
		var specs []metric.Spec
		if specs, err = metric.ParseSpecs(named); err == nil {
			m, err = metric.Named(specs...)
		}
	}
	if err != nil {
		return nil, "", usagef("%v", err)
	}
	return m, named + expr + run, nil
}

// recorded reads examples, and what a program answered on each by id. The
// outputs are read as further labels and then taken away from them.
func (d *dataFlags) recorded(paths, outputs []string, stdin io.Reader) ([]gepa.Example, map[string]gepa.Fields, error) {
	const prefix = "output "
	with := *d
	if with.reading.Labels == nil {
		return nil, nil, usagef("--labels is missing: name the fields that the outputs are compared with")
	}
	with.reading.Labels = slices.Clone(with.reading.Labels)
	for _, o := range outputs {
		name, from, renamed := strings.Cut(o, "=")
		if !renamed {
			from = name
			name = name[strings.LastIndex(name, "/")+1:]
		}
		with.reading.Labels = append(with.reading.Labels, prefix+name+"="+from)
	}
	loaded, err := with.load(paths, stdin)
	if err != nil {
		return nil, nil, err
	}
	recorded := map[string]gepa.Fields{}
	for i, ex := range loaded.Examples {
		var labels, output gepa.Fields
		for _, f := range ex.Labels {
			if name, ok := strings.CutPrefix(f.Name, prefix); ok {
				output = append(output, gepa.Field{Name: name, Value: f.Value})
			} else {
				labels = append(labels, f)
			}
		}
		loaded.Examples[i].Labels = labels
		recorded[ex.ID] = output
	}
	return loaded.Examples, recorded, nil
}

// metricList is what gepa metric list prints with --json.
type metricList struct {
	Format   int                  `json:"format"`
	Measures []metric.MeasureInfo `json:"measures"`
}

func newMetricList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the named measures", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return printJSON(cmd.OutOrStdout(), metricList{1, metric.Measures()})
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, m := range metric.Measures() {
				fmt.Fprintf(t, "%s\t%s\t%s\n", m.Name, m.Doc, strings.Join(m.Options, ", "))
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	return cmd
}
