//go:build unix

package rollout_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/rollout"
)

// part is a text in a file, between two bars.
func part(name, text, content string) rollout.ArtefactText {
	return rollout.ArtefactText{
		Name: name, Text: text, File: "a.conf", Content: []byte(content),
		Put: func(content []byte, to string) ([]byte, error) {
			if strings.Contains(to, "|") {
				return nil, errors.New("a bar ends it")
			}
			return bytes.Replace(content, []byte("|"+text+"|"), []byte("|"+to+"|"), 1), nil
		},
	}
}

// Texts of one file are put into it; the command sees the whole file.
func TestArtefactTexts(t *testing.T) {
	const content = "port=80 |one| |two|"
	a, err := rollout.NewArtefact(t.Context(), rollout.ArtefactOptions{
		Texts: []rollout.ArtefactText{part("a.conf::1", "one", content), part("a.conf::2", "two", content)},
		Exec:  rollout.Exec{Argv: []string{"cat", "{file}"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	data := a.Data()
	run := func(c gepa.Candidate) gepa.Rollout {
		r, err := a.Run(t.Context(), gepa.Job{Candidate: c, Example: data.Feedback[0]})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := run(gepa.Candidate{"a.conf::1": "uno"}); r.Feedback.Text != "port=80 |uno| |two|" {
		t.Errorf("the command saw %q", r.Feedback.Text)
	}
	if r := run(gepa.Candidate{"a.conf::2": "a|b"}); !strings.Contains(r.Problem, "the text of a.conf::2 cannot stand in its file: a bar ends it") || r.Score != 0 {
		t.Errorf("a text that does not fit: %+v", r)
	}
	whole := rollout.ArtefactText{Name: "w", Text: "x", File: "a.conf", Content: []byte("x")}
	for want, texts := range map[string][]rollout.ArtefactText{
		"a text, so that no other":    {whole, {Name: "v", Text: "x", File: "a.conf", Content: []byte("x")}},
		"two files are called a.conf": {part("1", "one", content), part("2", "two", "other |two|")},
		"is not UTF-8":                {{Name: "w", Text: "\xff", File: "b", Content: []byte("\xff")}},
		"two components are named":    {part("1", "one", content), part("1", "two", content)},
		"there is nothing to improve": nil,
	} {
		if _, err := rollout.NewArtefact(t.Context(), rollout.ArtefactOptions{Texts: texts, Exec: rollout.Exec{Argv: []string{"true"}}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := rollout.NewArtefact(t.Context(), rollout.ArtefactOptions{Texts: []rollout.ArtefactText{whole}, Files: []string{"x"}, Exec: rollout.Exec{Argv: []string{"true"}}}); err == nil || !strings.Contains(err.Error(), "both Files and Texts") {
		t.Error(err)
	}
	one, err := rollout.NewArtefact(t.Context(), rollout.ArtefactOptions{Texts: []rollout.ArtefactText{whole}, Exec: rollout.Exec{Argv: []string{"cat", "{file}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := one.Run(t.Context(), gepa.Job{Candidate: gepa.Candidate{"w": "y"}, Example: one.Data().Feedback[0]}); err != nil || r.Feedback.Text != "y" {
		t.Errorf("the whole file: %+v, %v", r, err)
	}
}
