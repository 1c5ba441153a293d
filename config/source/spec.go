package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gepa-go/gepa"
)

// ErrInvalid is what an error of this package matches that is the user's to
// mend: a spec, a file that does not hold what the spec names, a changed file.
var ErrInvalid = gepa.ErrInvalid

// invalid marks an error as the user's.
type invalid struct{ error }

func (e invalid) Unwrap() []error { return []error{e.error, ErrInvalid} }

func invalidf(format string, args ...any) error { return invalid{fmt.Errorf(format, args...)} }

// Kind says what part of a file a text is.
type Kind int

// The kinds.
const (
	// File is the whole file, without the front matter of Markdown.
	File Kind = iota
	// JSON and YAML are a string in a document.
	JSON
	YAML
	// Region is a marked region.
	Region
)

// A Spec says where a text is. Make one by [Parse].
type Spec struct {
	Kind Kind
	// Path is the file's.
	Path string
	// Pointer is the JSON pointer of a string, "" for the document itself.
	Pointer string
	// Marker is a region's name.
	Marker string
}

var markerName = regexp.MustCompile(`^[\pL\pN._/-]+$`)

// Parse reads a spec in the form that the package comment describes.
func Parse(text string) (Spec, error) {
	if text == "" {
		return Spec{}, invalidf("the place of a text is empty; want for instance prompts/reason.md")
	}
	if path, name, found := cutLast(text, "::"); found {
		name = strings.TrimSpace(strings.TrimPrefix(name, "marker "))
		if path == "" || !markerName.MatchString(name) {
			return Spec{}, invalidf("%s: want FILE::NAME, with a name of letters, digits and . _ - /", text)
		}
		return Spec{Kind: Region, Path: path, Marker: name}, nil
	}
	path, pointer, found := strings.Cut(text, "#")
	if name, ok := strings.CutPrefix(pointer, "region="); ok {
		return Parse(path + "::" + name)
	}
	if !found {
		return Spec{Kind: File, Path: text}, nil
	}
	s := Spec{Path: path, Pointer: pointer}
	if pointer != "" && pointer[0] != '/' {
		return Spec{}, invalidf("%s: %q is no JSON pointer: it begins with /, for instance %s#/prompts/system", text, pointer, path)
	}
	for _, part := range strings.Split(pointer, "~")[1:] {
		if part == "" || part[0] != '0' && part[0] != '1' {
			return Spec{}, invalidf("%s: in a JSON pointer ~ is written ~0, and / within a name ~1", text)
		}
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".json":
		s.Kind = JSON
	case ".yaml", ".yml":
		s.Kind = YAML
	default:
		return Spec{}, invalidf("%s: a pointer leads into a file whose name ends in .json, .yaml or .yml; %q ends in %q", text, path, ext)
	}
	return s, nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}

// In returns the spec with a relative path taken from a folder.
func (s Spec) In(dir string) Spec {
	if !filepath.IsAbs(s.Path) {
		s.Path = filepath.Join(dir, s.Path)
	}
	return s
}

// String returns the form that [Parse] reads.
func (s Spec) String() string {
	switch s.Kind {
	case JSON, YAML:
		return s.Path + "#" + s.Pointer
	case Region:
		return s.Path + "::" + s.Marker
	default:
		return s.Path
	}
}

// steps returns the names and numbers of the pointer.
func (s Spec) steps() []string {
	if s.Pointer == "" {
		return nil
	}
	parts := strings.Split(s.Pointer[1:], "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}

// Read returns the text that a spec names.
func Read(s Spec) (string, error) {
	data, err := os.ReadFile(s.Path)
	if err != nil {
		return "", unreadable(err)
	}
	return Extract(s, data)
}

func unreadable(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return invalidf("%s: cannot be read: %w", path.Path, path.Err)
	}
	return invalid{err}
}

// Extract returns the text that a spec names in a file's content.
func Extract(s Spec, data []byte) (string, error) {
	p, err := find(s, string(data))
	if err != nil {
		return "", err
	}
	return p.text, nil
}

// Replace returns a file's content with another text in the place that a spec
// names.
func Replace(s Spec, data []byte, text string) ([]byte, error) {
	p, err := find(s, string(data))
	if err != nil {
		return nil, err
	}
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if text == p.text {
		return data, nil
	}
	err = errors.New("the place has no form for it")
	for _, form := range p.forms(text) {
		after := string(data[:p.start]) + form + string(data[p.end:])
		var again place
		if again, err = find(s, after); err != nil {
			continue
		}
		if again.text != text {
			err = errors.New("it would be read as another text")
			continue
		}
		if p.same != nil {
			if err = p.same(after); err != nil {
				continue
			}
		}
		return []byte(after), nil
	}
	return nil, invalidf("%s: the new text cannot be written there: %w", s, err)
}

// A place is where a text is in a file's content.
type place struct {
	text       string
	start, end int // of the bytes to be replaced
	// forms gives the bytes that may stand for a text, the best first.
	forms func(text string) []string
	// same, if not nil, refuses a new content in which something else changed.
	same func(after string) error
}

func find(s Spec, data string) (place, error) {
	switch s.Kind {
	case JSON:
		return findJSON(s, data)
	case YAML:
		return findYAML(s, data)
	case Region:
		return findRegion(s, data)
	default:
		return findFile(s, data)
	}
}
