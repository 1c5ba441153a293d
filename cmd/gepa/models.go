package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/price"
)

// modelList is what gepa models --json prints.
type modelList struct {
	Format int    `json:"format"`
	Date   string `json:"date"`
	Source string `json:"source"`
	// Free are the providers whose models cost nothing.
	Free   []string      `json:"free"`
	Models []pricedModel `json:"models"`
}

type pricedModel struct {
	Name  string   `json:"name"`
	Price lm.Price `json:"price"`
}

func newModels() *cobra.Command {
	var asJSON bool
	var prices string
	cmd := &cobra.Command{
		Use:   "models [FILTER]",
		Short: "List models with a known price",
		Long: "Lists the models whose prices are known, in dollars per million tokens, and the day on which they were " +
			"so. Any other model of a provider works, too; its cost is then unknown, unless the provider reports it " +
			"or --prices has it.",
		Example: "  gepa models\n  gepa models claude\n  gepa models --prices prices.json --json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one word to search for, got %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			table, err := priceTable(prices)
			if err != nil {
				return err
			}
			list := listModels(table, strings.Join(args, ""))
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			return list.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&prices, "prices", "", "file with prices of your own (docs/formats/prices.md)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
	return cmd
}

// priceTable returns the known prices, overridden by those in a file, if one
// is named.
func priceTable(path string) (price.Table, error) {
	table := price.Default()
	if path == "" {
		return table, nil
	}
	own, err := price.Load(path)
	if err != nil {
		return table, usagef("--prices: %v", err)
	}
	return table.Override(own), nil
}

func listModels(t price.Table, filter string) modelList {
	list := modelList{Format: 1, Date: t.Date, Source: t.Source, Free: append([]string{}, t.Free...), Models: []pricedModel{}}
	for _, name := range t.Names() {
		if p, ok := t.Lookup(name); ok && strings.Contains(strings.ToLower(name), strings.ToLower(filter)) {
			list.Models = append(list.Models, pricedModel{name, p})
		}
	}
	return list
}

func (l modelList) print(w io.Writer) error {
	if len(l.Models) == 0 {
		_, err := fmt.Fprintln(w, "No model of that name has a known price. It may work all the same; its cost is then unknown.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tin\tout\tcache read\tcache write\treasoning")
	for _, m := range l.Models {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, perMillion(m.Price.Input), perMillion(m.Price.Output),
			otherPrice(m.Price.CacheRead), otherPrice(m.Price.CacheWrite), otherPrice(m.Price.Reasoning))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nDollars per million tokens, as of %s; - is the price of input, or of output for reasoning.\nFree: %s.\n",
		l.Date, strings.Join(l.Free, ", "))
	return err
}

func otherPrice(p *int64) string {
	if p == nil {
		return "-"
	}
	return perMillion(*p)
}

// printJSON prints a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
