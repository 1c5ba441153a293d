package program

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

// savedProgram is the program that saved_program_text was saved from.
func savedProgram(t *testing.T) *Program {
	t.Helper()
	p, err := Chain([]string{"question", "context"},
		Module("reason", NewChainOfThought(MustSignature("question, context -> answer", ""))),
		Module("verify", NewPredict(MustSignature("question, answer -> verdict", ""))))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestConformanceSavedProgram(t *testing.T) {
	text := loadConformance(t).SavedProgramText
	s, err := ParseState([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(s.Bytes())); diff != "" {
		t.Errorf("load, save changed:\n%s", diff)
	}
	// Whatever its predictors are, a program of the same shape loads it.
	p := programOfShape(t, s)
	loaded, err := p.Apply(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(loaded.State(loaded.Seed()).Bytes())); diff != "" {
		t.Errorf("load, apply, save changed:\n%s", diff)
	}
	for _, c := range loaded.Components() {
		saved, err := s.Predictor(c.Name)
		if err != nil || c.Text != saved.Instructions {
			t.Errorf("%s: %q, %v", c.Name, c.Text, err)
		}
	}
}

// programOfShape makes a program with the state's predictors; the last field
// of each is its output.
func programOfShape(t *testing.T, s *State) *Program {
	t.Helper()
	var modules []NamedPart
	for _, name := range s.Components() {
		saved, err := s.Predictor(name)
		if err != nil {
			t.Fatal(err)
		}
		var sig Signature
		for i, f := range saved.Fields {
			field := Field{Name: strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(f.Prefix, ":"), " ", "_"))}
			if i < len(saved.Fields)-1 {
				sig.Inputs = append(sig.Inputs, field)
			} else {
				sig.Outputs = append(sig.Outputs, field)
			}
		}
		if name == "self" {
			return Single(NewPredict(sig))
		}
		modules = append(modules, Module(name, NewPredict(sig)))
	}
	return New(nil, modules...)
}

const savedText = `{
  "reason.predict": {
    "traces": [],
    "train": [],
    "demos": [
      {
        "question": "Who?",
        "context": [
          "a",
          "b"
        ],
        "answer": "x\u00e9",
        "dspy_uuid": "1"
      }
    ],
    "signature": {
      "instructions": "Reason anew.",
      "fields": [
        {
          "prefix": "Question:",
          "description": "the question"
        },
        {
          "prefix": "Context:",
          "description": "${context}"
        },
        {
          "prefix": "Reasoning:",
          "description": "${reasoning}"
        },
        {
          "prefix": "Answer:",
          "description": "a span"
        }
      ],
      "extra": 1.50
    },
    "lm": {
      "model": "m"
    },
    "new_in_dspy": true
  },
  "verify": {
    "traces": [],
    "train": [],
    "demos": [],
    "signature": {
      "instructions": "Verify anew.",
      "fields": [
        {
          "prefix": "Question:",
          "description": "${question}"
        },
        {
          "prefix": "Answer:",
          "description": "${answer}"
        },
        {
          "prefix": "Verdict:",
          "description": "${verdict}"
        }
      ]
    },
    "lm": null
  },
  "other": 5,
  "metadata": {
    "dependency_versions": {
      "python": "3.11"
    },
    "mine": {}
  }
}
`

// A loaded program behaves as the saved one: by what it sends.
func TestApplyTakesEffect(t *testing.T) {
	s, err := ParseState([]byte(savedText))
	if err != nil {
		t.Fatal(err)
	}
	original := savedProgram(t)
	p, err := original.Apply(s)
	if err != nil {
		t.Fatal(err)
	}
	model, sent := script(t, chatReply("reasoning", "r", "answer", "A"), chatReply("verdict", "V"))
	inputs := gepa.NewFields("question", "Q", "context", "C")
	if _, err := p.Run(t.Context(), Runtime{Model: model}, nil, inputs); err != nil {
		t.Fatal(err)
	}
	system := (*sent)[0].Messages[0].Content
	for _, want := range []string{"`question` (str): the question\n", "`context` (str):\n", "`answer` (str): a span\n", "\n        Reason anew."} {
		if !strings.Contains(system, want) {
			t.Errorf("system message lacks %q:\n%s", want, system)
		}
	}
	if demo := (*sent)[0].Messages[1].Content; !strings.HasPrefix(demo, "This is an example of the task, though") || !strings.Contains(demo, "[2] «b»") {
		t.Errorf("demonstration: %q", demo)
	}
	if got := string(p.State(p.Seed()).Bytes()); got != savedText {
		t.Errorf("saved again:\n%s", cmp.Diff(savedText, got))
	}
	// The program it was applied to is as before.
	model, sent = script(t, chatReply("reasoning", "r", "answer", "A"), chatReply("verdict", "V"))
	if _, err := original.Run(t.Context(), Runtime{Model: model}, nil, inputs); err != nil {
		t.Fatal(err)
	}
	if m := (*sent)[0].Messages; len(m) != 2 || strings.Contains(m[0].Content, "anew") {
		t.Errorf("the original changed: %+v", m)
	}
	// A new instruction changes nothing else.
	changed := string(p.State(gepa.Candidate{"verify": "V \"2\"\n\u2028é"}).Bytes())
	if want := strings.Replace(savedText, `"Verify anew."`, "\"V \\\"2\\\"\\n\u2028é\"", 1); changed != want {
		t.Errorf("with a new instruction:\n%s", cmp.Diff(want, changed))
	}
}

func TestNewState(t *testing.T) {
	sig := MustSignature("q -> a", "Say.")
	bare := Single(NewPredict(sig, WithDemos(gepa.NewFields("q", "x", "a", "y"), gepa.NewFields("q", "z", "a", 1.5))))
	s := bare.State(gepa.Candidate{"self": "Said."})
	want := `{
  "traces": [],
  "train": [],
  "demos": [
    {
      "q": "x",
      "a": "y"
    },
    {
      "q": "z",
      "a": 1.5
    }
  ],
  "signature": {
    "instructions": "Said.",
    "fields": [
      {
        "prefix": "Q:",
        "description": "${q}"
      },
      {
        "prefix": "A:",
        "description": "${a}"
      }
    ]
  },
  "lm": null,
  "metadata": {
    "dependency_versions": {}
  }
}
`
	if diff := cmp.Diff(want, string(s.Bytes())); diff != "" {
		t.Error(diff)
	}
	path := filepath.Join(t.TempDir(), "x.json")
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadState(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := bare.Apply(loaded)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Seed()["self"]; got != "Said." {
		t.Error(got)
	}
	if got := string(again.State(again.Seed()).Bytes()); got != want {
		t.Error(cmp.Diff(want, got))
	}
	saved, err := loaded.Predictor("self")
	if err != nil || len(saved.Demos) != 2 || string(saved.LM) != "null" {
		t.Errorf("%+v %v", saved, err)
	}
}

func TestMetadata(t *testing.T) {
	s := Single(NewPredict(MustSignature("q -> a", ""))).State(nil)
	stamped, err := s.WithMetadata("gepa", map[string]string{"version": "1"})
	if err != nil {
		t.Fatal(err)
	}
	if raw, ok := stamped.Metadata("gepa"); !ok || string(raw) != `{"version":"1"}` {
		t.Errorf("%s %v", raw, ok)
	}
	if _, ok := s.Metadata("gepa"); ok {
		t.Error("the first state changed")
	}
	if _, err := s.WithMetadata("dependency_versions", 1); err == nil {
		t.Error("dependency_versions may be set")
	}
	if _, err := s.WithMetadata("f", func() {}); err == nil {
		t.Error("a function is no JSON")
	}
}

func TestStateErrors(t *testing.T) {
	field := `{"prefix":"P:","description":"d"}`
	good := `{"signature":{"instructions":"i","fields":[` + field + `,` + field + `]},"demos":[]}`
	for want, text := range map[string]string{
		"line 3, column 1: not JSON":                 "{\n\"a\": \n}",
		"line 1, column 1":                           "",
		"not a saved program":                        "[]",
		"holds no predictor":                         `{"a": 1}`,
		`"a": field "signature"`:                     `{"a": {"signature": 5}}`,
		"instructions is missing":                    `{"a": {"signature": {}}}`,
		`"a": field "demos"`:                         `{"a": {"signature": {"instructions": ""}, "demos": 5}}`,
		"occurs twice":                               `{"a": 1, "a": 2}`,
		`no predictor "reason.predict", only`:        `{"x": ` + good + `}`,
		`has a predictor "x"`:                        `{"x": ` + good + `, "reason.predict": ` + strings.Replace(good, field, field+","+field+","+field, 1) + `, "verify": ` + strings.Replace(good, field, field+","+field, 1) + `}`,
		"has 2 fields, and its signature here has 4": `{"reason.predict": ` + good + `, "verify": ` + good + `}`,
	} {
		path := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := LoadState(path)
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name the file: %v", err)
		}
		if err == nil {
			_, err = savedProgram(t).Apply(s)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n error %v\n want  %s", text, err, want)
		}
	}
	if _, err := LoadState(filepath.Join(t.TempDir(), "none.json")); !os.IsNotExist(unwrap(err)) {
		t.Errorf("missing file: %v", err)
	}
	s := Single(NewPredict(MustSignature("q -> a", ""))).State(nil)
	if err := s.Save(filepath.Join(t.TempDir(), "no", "x.json")); err == nil || !strings.Contains(err.Error(), "save program") {
		t.Errorf("no folder: %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "x.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(filepath.Join(dir, "x.json")); err == nil {
		t.Error("saved over a folder")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".program-*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
	if _, err := s.Predictor("other"); err == nil {
		t.Error("there is no other predictor")
	}
}

func unwrap(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		if _, isPath := err.(*os.PathError); isPath { //nolint:errorlint // this is what walks the chain
			return err
		}
		err = u.Unwrap()
	}
}

// A loaded program keeps what it was loaded with as a part of another one.
func TestLoadedProgramAsModule(t *testing.T) {
	made := func(instructions string, opts ...Option) *Program {
		sig := MustSignature("q -> a", instructions)
		return Single(NewPredict(sig, opts...))
	}
	saved := made("Saved words.", WithDemos(gepa.NewFields("q", "saved question", "a", "saved answer"))).State(nil)
	loaded, err := made("Words in code.").Apply(saved)
	if err != nil {
		t.Fatal(err)
	}
	outer := New(loaded.Call, Module("step", loaded))
	nested := New(outer.Call, Module("sub", outer))
	for name, p := range map[string]*Program{"step": outer, "sub.step": nested, bareName: Single(loaded)} {
		if got := p.Seed()[name]; got != "Saved words." {
			t.Errorf("%s: the component's text is %q", name, got)
		}
		model, sent := script(t, chatReply("a", "b"), chatReply("a", "b"))
		rt := Runtime{Model: model}
		if _, err := p.Run(t.Context(), rt, nil, gepa.NewFields("q", "x")); err != nil {
			t.Fatal(err)
		}
		messages := (*sent)[0].Messages
		if len(messages) != 4 || !strings.Contains(messages[0].Content, "Saved words.") ||
			!strings.Contains(messages[1].Content, "saved question") || !strings.Contains(messages[2].Content, "saved answer") {
			t.Errorf("%s sent %v", name, messages)
		}
		// A candidate's text still takes the place of the loaded one.
		if _, err := p.Run(t.Context(), rt, gepa.Candidate{name: "Better."}, gepa.NewFields("q", "x")); err != nil {
			t.Fatal(err)
		}
		if got := (*sent)[1].Messages[0].Content; !strings.Contains(got, "Better.") || strings.Contains(got, "Saved words.") {
			t.Errorf("%s with a candidate sent %s", name, got)
		}
	}
}
