package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gepa-go/gepa"
)

// fileName returns the file that holds a component's text, relative to the
// candidate's folder, with slashes: the component's name, in which bytes that
// are not letters, digits, "-", "_", " " or dots and slashes as paths have them
// are written as % and two hexadecimal digits.
func fileName(component string) string {
	const most = 200
	nested := path.Clean(component) == component && fs.ValidPath(component) && component != "." && len(component) <= most
	var b strings.Builder
	for i := range len(component) {
		c := component[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == ' '
		switch {
		case plain, nested && c == '/', c == '.' && i > 0:
			b.WriteByte(c)
		case c == '.' && nested:
			b.WriteByte(c) // a hidden file's name is as good as any
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if len(name) > most {
		sum := sha256.Sum256([]byte(component))
		name = name[:most] + "-" + hex.EncodeToString(sum[:4])
	}
	return name
}

// fileNames returns the files of all components. Two that would be one file,
// on a file system that does not tell cases apart, are an error.
func fileNames(components []gepa.Component) (map[string]string, error) {
	out := map[string]string{}
	taken := map[string]string{} // by what a folder or file is called in lower case
	for _, c := range components {
		name := fileName(c.Name)
		out[c.Name] = name
		low := strings.ToLower(name)
		if other, ok := taken[low]; ok {
			return nil, fmt.Errorf("components %q and %q would be one file; rename one", other, c.Name)
		}
		taken[low] = c.Name
	}
	for low, name := range taken {
		for dir := path.Dir(low); dir != "."; dir = path.Dir(dir) {
			if other, ok := taken[dir]; ok {
				return nil, fmt.Errorf("component %q would be a file in the file of %q; rename one", name, other)
			}
		}
	}
	return out, nil
}

// A workspace is the temporary folder of one run of a command.
type workspace struct {
	root      string // to be removed
	dir       string // of the candidate's files
	candidate string // the file of the whole candidate as JSON
	example   string // the file of the example as JSON
}

// A textFile is a file of a workspace: its name, relative and with slashes, and
// its content.
type textFile struct {
	name    string
	content []byte
}

// newWorkspace writes the files. Its error is one of the world.
func newWorkspace(files []textFile, c gepa.Candidate, ex gepa.Example) (w workspace, err error) {
	root, err := os.MkdirTemp("", "gepa-rollout-")
	if err != nil {
		return w, err
	}
	w = workspace{
		root: root, dir: filepath.Join(root, "candidate"),
		candidate: filepath.Join(root, "candidate.json"), example: filepath.Join(root, "example.json"),
	}
	defer func() {
		if err != nil {
			w.remove()
		}
	}()
	if err := os.Mkdir(w.dir, 0o750); err != nil {
		return w, err
	}
	for _, f := range files {
		file := filepath.Join(w.dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return w, err
		}
		if err := os.WriteFile(file, f.content, 0o644); err != nil {
			return w, err
		}
	}
	for file, value := range map[string]any{w.candidate: c, w.example: ex} {
		text, err := gepa.EncodeValue(value)
		if err != nil {
			return w, gepa.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w workspace) remove() {
	_ = os.RemoveAll(w.root) // what cannot be removed is in the system's temporary folder
}
