package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/internal/templates"
)

// Templates returns the names of the projects that [Init] writes.
func Templates() []string { return templates.Names() }

// Init writes a small project into a folder, which is made if it is not there,
// and returns the files' paths. A file that is there already is an error that
// matches ErrUsage, and nothing is written.
func Init(template, dir string) ([]string, error) {
	if !slices.Contains(Templates(), template) {
		return nil, usagef("there is no template %q%s; choose %s", template, DidYouMean(template, Templates()), orWords(Templates()))
	}
	files, err := templates.Files(template)
	if err != nil {
		return nil, fmt.Errorf("read the template %s: %w", template, err)
	}
	if template == "hotpotqa" {
		files = append(files, templates.File{Path: "data/train.jsonl", Data: demodata.Train()}, templates.File{Path: "data/test.jsonl", Data: demodata.Dev()})
	}
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = filepath.Join(dir, filepath.FromSlash(f.Path))
		if _, err := os.Lstat(paths[i]); err == nil {
			return nil, usagef("%s is there already: choose another folder, as in gepa init %s DIR", paths[i], template)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("%s: %w: choose another folder", paths[i], plain(err))
		}
	}
	for i, f := range files {
		if err := os.MkdirAll(filepath.Dir(paths[i]), 0o755); err != nil { //nolint:gosec // for its user to look into
			return nil, usagef("%s: cannot make the folder: %w", filepath.Dir(paths[i]), plain(err))
		}
		if err := os.WriteFile(paths[i], f.Data, 0o644); err != nil {
			return nil, usagef("%s: cannot be written: %w", paths[i], plain(err))
		}
	}
	return paths, nil
}
