//go:build unix

package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/config/source"
	"github.com/gepa-go/gepa/report"
)

// files writes a project and goes into its folder.
func files(t *testing.T, texts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range texts {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const orders = `{"id": "1", "question": "a", "team": "x", "answer": "A"}
{"id": "2", "question": "b", "team": "y", "answer": "B"}
{"id": "3", "question": "c", "team": "x", "answer": "C"}
{"id": "4", "question": "d", "team": "y", "answer": "D"}
{"id": "5", "question": "e", "team": "x", "answer": "E"}
{"id": "6", "question": "f", "team": "y", "answer": "F"}
`

const tests = `{"id": "t1", "question": "g", "team": "x", "answer": "G"}
{"id": "t2", "question": "h", "team": "y", "answer": "H"}
`

// echo is a worker that scores how its texts are, and says what else it
// measures; a line of shell for a line of JSON.
const echo = `echo '{"type":"hello","protocol":1,"components":[{"name":"reply","text":"Say hello."}],"objectives":[{"name":"words","direction":"min","max":10}]}'
while read -r line; do
  id=$(printf '%s\n' "$line" | sed 's/.*"id":"\([^"]*\)","candidate.*/\1/')
  score=0.25
  case "$line" in *"Say please."*) score=1;; esac
  echo '{"type":"reply","id":"'$id'","score":'$score',"objectives":{"words":3},"feedback":{"text":"Hint: Say please."}}'
done
`

// load returns what the gepa.yaml in this folder describes.
func load(t *testing.T) config.Optimize {
	t.Helper()
	l, err := config.Load(config.FileName, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := l.Optimize()
	o.NoCache, o.Getenv = true, func(string) string { return "" }
	return o
}

// carryOut runs it.
func carryOut(t *testing.T, o config.Optimize) (*report.Summary, error) {
	t.Helper()
	r, err := o.Build(t.Context())
	if err != nil {
		return nil, err
	}
	s, err := r.Do(t.Context())
	return s, errors.Join(err, r.Close())
}

// applied writes the winner back and returns the paths that changed.
func applied(t *testing.T, dir string, a config.Apply) ([]string, error) {
	t.Helper()
	k, err := config.ReadKept(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := k.PlanApply(a)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, c := range changes {
		paths = append(paths, c.Path)
	}
	return paths, source.Write(changes)
}

// Every kind of system runs from a file, writes its winner back where the texts
// came from, and goes on by its own texts after that.
func TestSystemsFromPlaces(t *testing.T) {
	head := "version: 1\nmodels: {reflection: sim}\nbudget: {iterations: 4}\nsearch: {minibatch: 2}\n"
	data := "data: {train: train.jsonl, test: test.jsonl}\n"
	script := "grep -q LOUD \"$1\" && echo score=1 && exit\necho 'Hint: Be LOUD.'\necho score=0.1\n"
	for name, c := range map[string]struct {
		yaml    string
		texts   map[string]string
		changed map[string]string // by path, after the winner was applied
	}{
		"command": {
			yaml: data + "system:\n  command:\n    command: 'sh run.sh {candidate_dir}/shout'\n    components: [{name: shout, file: prompts/shout.md}]\n    score: 'score=([0-9.]+)'\n",
			texts: map[string]string{
				"run.sh": script, "prompts/shout.md": "---\na: b\n---\n\nbe quiet\n",
			},
			changed: map[string]string{"prompts/shout.md": "---\na: b\n---\n\nbe quiet\nBe LOUD.\n"},
		},
		"command, inline": {
			yaml:    data + "system:\n  command:\n    command: 'sh run.sh {candidate_dir}/shout'\n    components:\n      - name: shout\n        text: be quiet # so far\n    score: 'score=([0-9.]+)'\n",
			texts:   map[string]string{"run.sh": script},
			changed: map[string]string{"gepa.yaml": "\"be quiet\\nBe LOUD.\" # so far\n"},
		},
		"worker with components": {
			yaml:    data + "system: {worker: {command: sh worker.sh, workers: 2, time_limit: 5s, components: [{name: reply, file: 'agent.json#/a'}]}}\n",
			texts:   map[string]string{"worker.sh": echo, "agent.json": `{"a": "Say hi.", "b": 1.50}`},
			changed: map[string]string{"agent.json": `{"a": "Say hi.\nSay please.", "b": 1.50}`},
		},
		"artefact": {
			yaml: "system:\n  artefact:\n    files: rules.md\n    command: [sh, measure.sh, '{file}']\n    score: 'score=([0-9.]+)'\n    keep: {rules.md: quiet}\n",
			texts: map[string]string{
				"rules.md": "---\ntitle: x\n---\nquiet\n", "measure.sh": "grep -q '^title: x' \"$1\" || exit 1\n" + script,
			},
			changed: map[string]string{"rules.md": "---\ntitle: x\n---\nquiet\nBe LOUD.\n"},
		},
		"regions of one artefact": {
			yaml: "system:\n  artefact:\n    files: [a.conf::one, a.conf::two]\n    command: [sh, measure.sh, '{file}']\n    score: 'score=([0-9.]+)'\n",
			texts: map[string]string{
				"a.conf":     "# gepa:begin one\nquiet\n# gepa:end one\nport=80\n# gepa:begin two\nvery quiet\n# gepa:end two\n",
				"measure.sh": "grep -q '^very quiet' \"$1\" || exit 1\ngrep -q '^port=80' \"$1\" || exit 1\n" + script,
			},
			changed: map[string]string{"a.conf": "# gepa:begin one\nquiet\nBe LOUD.\n# gepa:end one\nport=80\n# gepa:begin two\nvery quiet\n# gepa:end two\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			texts := map[string]string{config.FileName: head + c.yaml, "train.jsonl": orders, "test.jsonl": tests}
			for path, text := range c.texts {
				texts[path] = text
			}
			files(t, texts)
			s, err := carryOut(t, load(t))
			if err != nil {
				t.Fatal(err)
			}
			if s.Winner == nil || s.Winner.Candidate == 0 {
				t.Fatal("nothing better was found")
			}
			if _, err := applied(t, "gepa-out", config.Apply{}); err != nil {
				t.Fatal(err)
			}
			for path, want := range c.changed {
				if got, err := os.ReadFile(path); err != nil || !strings.HasSuffix(string(got), want) {
					if path != config.FileName || !strings.Contains(string(got), want) {
						t.Errorf("%s is now (%v)\n%s\nwant\n%s", path, err, got, want)
					}
				}
			}
			for path, text := range texts {
				if _, ok := c.changed[path]; ok {
					continue
				}
				if got, err := os.ReadFile(path); err != nil || string(got) != text {
					t.Errorf("%s was changed, too: %s", path, got)
				}
			}
			stored, err := config.Stored(t.Context(), "gepa-out")
			if err != nil {
				t.Fatal(err)
			}
			stored.Iterations, stored.Getenv = 6, func(string) string { return "" }
			if _, err := carryOut(t, stored); err != nil {
				t.Errorf("it does not go on after its winner was applied: %v", err)
			}
			var other *config.OtherRunError
			_, err = carryOut(t, load(t))
			if !errors.As(err, &other) || !strings.Contains(err.Error(), "LOUD") && !strings.Contains(err.Error(), "please") {
				t.Errorf("the same file now means another run, and what differs is not shown: %v", err)
			}
			// Somebody else changes a text.
			for path := range c.changed {
				raw, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				mine := strings.NewReplacer("be quiet", "be silent", "Say hi.", "Say no.", "quiet\n", "silent\n").Replace(string(raw))
				if err := os.WriteFile(path, []byte(mine), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if paths, err := applied(t, "gepa-out", config.Apply{}); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), "--force") {
				t.Errorf("changed texts were written over: %v, %v", paths, err)
			}
			if _, err := applied(t, "gepa-out", config.Apply{Force: true}); err != nil {
				t.Errorf("forced: %v", err)
			}
		})
	}
}

// A worker that names its own texts is asked for nothing that it said before: a
// run goes on although it says something else by now, and its objectives shape
// the frontier.
func TestWorkerThatNamesItsTexts(t *testing.T) {
	files(t, map[string]string{
		config.FileName: "version: 1\nmodels: {reflection: sim}\nbudget: {iterations: 4}\nsearch: {minibatch: 2, frontier: both}\n" +
			"data: {train: train.jsonl, test: test.jsonl}\nsystem: {worker: sh worker.sh}\n",
		"worker.sh": echo, "train.jsonl": orders, "test.jsonl": tests,
	})
	// A worker has no shorthand.
	if _, err := config.Load(config.FileName, nil); err == nil || !strings.Contains(err.Error(), "system.worker: want keys with values (command") {
		t.Errorf("got %v", err)
	}
	raw, _ := os.ReadFile(config.FileName)
	if err := os.WriteFile(config.FileName, []byte(strings.Replace(string(raw), "worker: sh worker.sh", "worker: {command: sh worker.sh, time_limit: 5s}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := carryOut(t, load(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Candidates {
		if diff := cmp.Diff(map[string]float64{"words": 3}, c.Objectives); diff != "" {
			t.Errorf("candidate %d: objectives (-want +got):\n%s", c.ID, diff)
		}
	}
	if s.Test == nil || s.Test.Measures[1].Name != "words" && s.Test.Measures[0].Name != "words" {
		t.Errorf("the test does not show the objective: %+v", s.Test)
	}
	if _, err := applied(t, "gepa-out", config.Apply{}); err == nil || !strings.Contains(err.Error(), "does not know where its texts came from") {
		t.Errorf("apply: %v", err)
	}
	if err := os.WriteFile("worker.sh", []byte(strings.Replace(echo, "Say hello.", "Say please.", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	stored, err := config.Stored(t.Context(), "gepa-out")
	if err != nil {
		t.Fatal(err)
	}
	stored.Iterations, stored.Getenv = 6, func(string) string { return "" }
	if _, err := carryOut(t, stored); err != nil {
		t.Error(err)
	}
	// A run that starts from the winner of another one still knows what it was
	// made from.
	o := load(t)
	o.Start, o.Out, o.Iterations = "gepa-out", "again", 1
	if s, err = carryOut(t, o); err != nil || s.Candidates[0].Texts["reply"] != "Say hello.\nSay please." {
		t.Errorf("started from %v (%v)", s, err)
	}
	if err := os.WriteFile("start.json", []byte(`{"other": "x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for start, want := range map[string]string{"start.json": `its components are [other], and the system's are other ones, such as "reply"`, "none.json": "no such file", "worker.sh": "not an object with a text"} {
		o.Start, o.Out = start, "third"
		if _, err := carryOut(t, o); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("--start %s: %v", start, err)
		}
	}
}

// What a system needs and does not have is refused before anything starts.
func TestSystemsAreChecked(t *testing.T) {
	files(t, map[string]string{"train.jsonl": orders, "test.jsonl": tests, "a.txt": "x"})
	for name, c := range map[string]struct {
		system config.System
		metric config.Metric
		want   string
	}{
		"none":              {config.System{}, config.Metric{}, "--program is missing"},
		"no command":        {config.System{Worker: &config.WorkerSpec{}}, config.Metric{}, "system.worker.command: it is missing"},
		"no components":     {config.System{Command: &config.CommandSpec{Command: config.Argv{"true"}}}, config.Metric{}, "system.command.components: it is missing"},
		"no address":        {config.System{Webhook: &config.WebhookSpec{}}, config.Metric{}, "system.webhook.url: it is missing"},
		"no files":          {config.System{Artefact: &config.ArtefactSpec{}}, config.Metric{}, "system.artefact.files: it is missing"},
		"component unnamed": {config.System{Command: &config.CommandSpec{Command: config.Argv{"true"}, Components: []config.ComponentSpec{{Text: "a"}}}}, config.Metric{}, "components[0].name: it is missing"},
		"component twice":   {config.System{Command: &config.CommandSpec{Command: config.Argv{"true"}, Components: []config.ComponentSpec{{Name: "a", Text: "a"}, {Name: "a", Text: "b"}}}}, config.Metric{}, `two components are called "a"`},
		"component empty":   {config.System{Command: &config.CommandSpec{Command: config.Argv{"true"}, Components: []config.ComponentSpec{{Name: "a"}}}}, config.Metric{}, `the text of "a" is missing`},
		"bad pattern":       {config.System{Command: &config.CommandSpec{Command: config.Argv{"true"}, Score: "(", Components: []config.ComponentSpec{{Name: "a", Text: "a"}}}}, config.Metric{}, "system.command.score: "},
		"dead worker":       {config.System{Worker: &config.WorkerSpec{Command: config.Argv{"./none"}}}, config.Metric{}, "check that"},
		"dead service":      {config.System{Webhook: &config.WebhookSpec{URL: "http://127.0.0.1:1/x", TimeLimit: 1, Attempts: 1}}, config.Metric{}, "check that the service runs"},
		"no secret":         {config.System{Webhook: &config.WebhookSpec{URL: "http://127.0.0.1:1/x", HeaderEnv: map[string]string{"A": "NONE"}}}, config.Metric{}, "the environment variable NONE is not set"},
		"two scores":        {config.System{Command: &config.CommandSpec{Command: config.Argv{"true"}, Score: "(a)", Components: []config.ComponentSpec{{Name: "a", Text: "a"}}}}, config.Metric{Measures: "exact"}, "system.command.score says where the score is"},
		"feedback alone":    {config.System{Worker: &config.WorkerSpec{Command: config.Argv{"true"}}}, config.Metric{Feedback: "hint"}, "there is no metric that it could be added to"},
		"no metric command": {config.System{Worker: &config.WorkerSpec{Command: config.Argv{"true"}}}, config.Metric{Command: &config.MetricCommand{}}, "metric.command.command: it is missing"},
		"label not there":   {config.System{Command: &config.CommandSpec{Command: config.Argv{"true"}, Components: []config.ComponentSpec{{Name: "a", Text: "a"}}}}, config.Metric{Measures: "exact(label=gold)"}, `--train: train.jsonl: example "1" cannot be scored`},
	} {
		o := config.Optimize{
			System: c.system, Metric: c.metric, ReflectionModel: "sim", Train: config.Source{Path: "train.jsonl"}, Dev: config.Source{Path: "test.jsonl"},
			Getenv: func(string) string { return "" },
		}
		if c.system.Artefact != nil {
			o.Train, o.Dev = config.Source{}, config.Source{}
		}
		_, err := carryOut(t, o)
		if !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	artefact := config.Optimize{
		System:          config.System{Artefact: &config.ArtefactSpec{Files: config.Strings{"a.txt"}, Command: config.Argv{"true"}}},
		ReflectionModel: "sim", Getenv: func(string) string { return "" },
	}
	for want, change := range map[string]func(*config.Optimize){
		"--train: an artefact has no examples":       func(o *config.Optimize) { o.Train.Path = "train.jsonl" },
		"an artefact is scored by its command":       func(o *config.Optimize) { o.Metric.Measures = "exact" },
		"system.artefact.files: none.txt: cannot be": func(o *config.Optimize) { o.System.Artefact.Files = config.Strings{"none.txt"} },
		"Exec uses {case}": func(o *config.Optimize) {
			o.System.Artefact.Files, o.System.Artefact.Command = config.Strings{"a.txt"}, config.Argv{"true", "{case}"}
		},
	} {
		o := artefact
		spec := *artefact.System.Artefact
		o.System.Artefact = &spec
		change(&o)
		if _, err := carryOut(t, o); !errors.Is(err, config.ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Texts that must survive are refused without, and their places are known.
func TestKeptTextsReachTheLinter(t *testing.T) {
	files(t, map[string]string{
		config.FileName: "version: 1\nmodels: {reflection: sim}\nbudget: {iterations: 3}\nsearch: {minibatch: 2}\nreflection: {lint: refuse}\n" +
			"data: {train: train.jsonl, test: test.jsonl}\nsystem:\n  command:\n    command: 'sh run.sh'\n    components: [{name: a, text: 'Say <out/> to {name}.', keep: <out/>}]\n    score: 'score=([0-9.]+)'\n",
		"run.sh": "echo 'Hint: Be LOUD.'\necho score=0.1\n", "train.jsonl": orders, "test.jsonl": tests,
	})
	o := load(t)
	var asked []string
	o.Observer = func(e gepa.Event) {
		if r, ok := e.(gepa.CallDone); ok {
			for _, m := range r.Result.Exchange.Messages {
				asked = append(asked, m.Content)
			}
		}
	}
	if _, err := carryOut(t, o); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(asked, "\n")
	for _, want := range []string{`Keep these texts in it, to the letter: "<out/>".`, "exactly as it is written: {name}"} {
		if !strings.Contains(all, want) {
			t.Errorf("the writer is not told: %s\n%.500s", want, all)
		}
	}
}
