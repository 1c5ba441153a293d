package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/store"
)

// cacheReport is what gepa cache prints with --json.
type cacheReport struct {
	Format int    `json:"format"`
	Path   string `json:"path"`
	store.CacheStats
	// Removed is the number of replies that the command removed.
	Removed int64 `json:"removed"`
}

func newCache() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Look at the cache of model replies, prune it or clear it",
		Long: "Replies of real models are kept in one file, so that no equal call is paid twice. A run names another " +
			"file with --cache, or none with --no-cache.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		cacheCommand("stats", "Say what the cache holds", nil,
			func(context.Context, *store.Cache) (int64, error) { return 0, nil }),
		cacheCommand("prune", "Remove replies that are old, and the oldest of too many", func(o *store.CacheOptions, cmd *cobra.Command) {
			cmd.Flags().Var(span{&o.MaxAge}, "max-age", "remove what is older, for instance 720h")
			cmd.Flags().Var(megabytes{&o.MaxBytes}, "max-size", "remove the oldest until no more megabytes are used (1024)")
		}, func(ctx context.Context, c *store.Cache) (int64, error) { return c.Prune(ctx) }),
		clearCommand(),
	)
	return cmd
}

// cacheCommand is a command that does something with a cache that is there.
func cacheCommand(name, short string, flags func(*store.CacheOptions, *cobra.Command), act func(context.Context, *store.Cache) (int64, error)) *cobra.Command {
	var path string
	var asJSON bool
	var o store.CacheOptions
	cmd := &cobra.Command{
		Use: name, Short: short, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			r := cacheReport{Format: 1}
			if r.Path, err = cacheAt(path); err != nil {
				return err
			}
			if _, err := os.Stat(r.Path); !errors.Is(err, fs.ErrNotExist) {
				if err := r.on(cmd.Context(), o, act); err != nil {
					return usagef("%v", err)
				}
			}
			return r.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cacheFlags(cmd, &path, &asJSON)
	if flags != nil {
		flags(&o, cmd)
	}
	return cmd
}

func cacheFlags(cmd *cobra.Command, path *string, asJSON *bool) {
	cmd.Flags().StringVar(path, "cache", "", "the cache's file (calls.db in the user's cache folder)")
	cmd.Flags().BoolVar(asJSON, "json", false, "print one JSON object (docs/formats/cli-json.md)")
}

// clearCommand removes the file, so that a damaged one is cleared, too.
func clearCommand() *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "clear", Short: "Remove all replies", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			r := cacheReport{Format: 1}
			if r.Path, err = cacheAt(path); err != nil {
				return err
			}
			if _, err := os.Stat(r.Path); !errors.Is(err, fs.ErrNotExist) {
				none := func(context.Context, *store.Cache) (int64, error) { return 0, nil }
				if r.on(cmd.Context(), store.CacheOptions{MaxBytes: -1}, none) == nil {
					r.Removed = r.Entries
				}
				if err := store.RemoveCache(r.Path); err != nil {
					return usagef("%v", err)
				}
			}
			r.CacheStats = store.CacheStats{}
			return r.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cacheFlags(cmd, &path, &asJSON)
	return cmd
}

func cacheAt(path string) (string, error) {
	if path != "" {
		return path, nil
	}
	path, err := config.DefaultCache()
	if err != nil {
		return "", usagef("%v; name the cache's file with --cache", err)
	}
	return path, nil
}

// on does something with the cache and counts what it then holds.
func (r *cacheReport) on(ctx context.Context, o store.CacheOptions, act func(context.Context, *store.Cache) (int64, error)) (err error) {
	c, err := store.OpenCache(ctx, r.Path, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if r.Removed, err = act(ctx, c); err != nil {
		return err
	}
	r.CacheStats, err = c.Stats(ctx)
	return err
}

func (r *cacheReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, r)
	}
	text := fmt.Sprintf("%s holds %d replies in %.1f MB", r.Path, r.Entries, float64(r.Bytes)/1e6)
	if r.Entries > 0 {
		text += fmt.Sprintf(", from %s to %s", r.Oldest.Local().Format(time.DateTime), r.Newest.Local().Format(time.DateTime))
	}
	if r.Removed > 0 {
		text += fmt.Sprintf("; %d removed", r.Removed)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// megabytes is a flag for a size, kept in bytes.
type megabytes struct{ into *int64 }

func (m megabytes) String() string {
	if m.into == nil || *m.into == 0 {
		return ""
	}
	return fmt.Sprint(*m.into / 1e6)
}

func (m megabytes) Type() string { return "MB" }

func (m megabytes) Set(text string) error {
	var v int64
	if err := (count{&v}).Set(text); err != nil || v > 1e9 {
		return errors.New("want a whole number of megabytes, 1 or more")
	}
	*m.into = v * 1e6
	return nil
}
