// Package templates holds the small projects that "gepa init" writes.
package templates

import (
	"embed"
	"io/fs"
	"path"
	"slices"
)

//go:embed hotpotqa classify extract-json command-agent text-artefact
var files embed.FS

// Names returns the names of the templates, in the order in which they are
// shown.
func Names() []string {
	return []string{"hotpotqa", "classify", "extract-json", "command-agent", "text-artefact"}
}

// A File is one file of a template.
type File struct {
	// Path is relative, with slashes.
	Path string
	Data []byte
}

// Files returns the files of a template, by path.
func Files(name string) ([]File, error) {
	if !slices.Contains(Names(), name) {
		return nil, fs.ErrNotExist
	}
	var out []File
	err := fs.WalkDir(files, name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(p)
		out = append(out, File{p[len(path.Clean(name))+1:], data})
		return err
	})
	return out, err
}
