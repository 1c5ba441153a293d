package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
)

// diagnosis is what gepa doctor prints with --json.
type diagnosis struct {
	Format int            `json:"format"`
	Keys   []config.Key   `json:"keys"`
	Models []config.Check `json:"models"`
}

// errUnwell ends gepa doctor where a model did not answer.
var errUnwell = errors.New("not every model answers")

func newDoctor() *cobra.Command {
	var models []string
	var baseURL, prices string
	var asJSON bool
	timeout := 30 * time.Second
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say which keys are there, which models answer and what they can do",
		Long: "Says which keys the environment holds, without showing them, and asks each --model up to three short " +
			"questions: whether it answers, how fast, for what price, and whether it keeps to JSON and to a schema. " +
			"Without --model nothing is sent. Ends with exit code 1 if a model does not answer.",
		Example: "  gepa doctor\n  gepa doctor --model openai/gpt-4.1-mini --model anthropic/claude-sonnet-4-5\n" +
			"  gepa doctor --model vllm/my-model --base-url http://localhost:8000/v1",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			table, err := priceTable(prices)
			if err != nil {
				return err
			}
			d := diagnosis{Format: 1, Keys: config.Keys(os.Getenv), Models: []config.Check{}}
			for _, name := range models {
				check, err := config.Probe(cmd.Context(), name, baseURL, timeout, table, os.Getenv)
				if err != nil {
					return err
				}
				d.Models = append(d.Models, check)
			}
			if asJSON {
				return errors.Join(printJSON(cmd.OutOrStdout(), d), d.verdict())
			}
			return errors.Join(d.print(cmd.OutOrStdout()), d.verdict())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&models, "model", nil, "model to ask: provider/model; may be given again")
	f.StringVar(&baseURL, "base-url", "", "endpoint of the models, for instance http://localhost:8000/v1")
	f.Var(span{&timeout}, "call-timeout", "time for one question")
	f.StringVar(&prices, "prices", "", "file with prices of your own (docs/formats/prices.md)")
	f.BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	return cmd
}

func (d diagnosis) verdict() error {
	for _, m := range d.Models {
		if !m.OK {
			return errUnwell
		}
	}
	return nil
}

func (d diagnosis) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "provider\tkey")
	for _, k := range d.Keys {
		state := "set: " + k.Set
		switch {
		case k.Set == "" && k.Optional:
			state = "not set, and seldom needed: " + k.Variables[0]
		case k.Set == "":
			state = "not set: " + strings.Join(k.Variables, " or ")
		}
		fmt.Fprintf(t, "%s\t%s\n", k.Provider, state)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, m := range d.Models {
		if err := printCheck(w, m); err != nil {
			return err
		}
	}
	return nil
}

func printCheck(w io.Writer, m config.Check) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", m.Model)
	if m.Endpoint != "" {
		fmt.Fprintf(&b, "  endpoint  %s\n", m.Endpoint)
	}
	fmt.Fprintf(&b, "  price     %s\n", priceWords(m.Price))
	if !m.OK {
		fmt.Fprintf(&b, "  failed    %s\n", m.Error)
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "  answered  in %v", time.Duration(m.LatencyMS)*time.Millisecond)
	if m.Answered != "" {
		fmt.Fprintf(&b, ", as %s", m.Answered)
	}
	b.WriteByte('\n')
	var can []string
	for _, f := range m.Features {
		switch {
		case f.Works != nil && *f.Works:
			can = append(can, f.Name+" yes")
		case f.Works != nil:
			can = append(can, f.Name+" no, though promised")
		case f.Promised:
			can = append(can, f.Name+" promised")
		default:
			can = append(can, f.Name+" no")
		}
	}
	fmt.Fprintf(&b, "  features  %s\n", strings.Join(can, ", "))
	fmt.Fprintf(&b, "  probe     %d calls, %d tokens, %s\n", m.Usage.Calls, m.Usage.InputTokens+m.Usage.OutputTokens, m.Usage.Cost)
	_, err := io.WriteString(w, b.String())
	return err
}
