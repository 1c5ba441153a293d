package config_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/report"
)

// Every template comes with the baseline that "gepa check --write-baseline"
// writes in it, but for the time that its author's machine took. Run with
// UPDATE_BASELINES=1 after a change that is meant.
func TestTemplatesComeWithTheirBaselines(t *testing.T) {
	needs := map[string]string{"command-agent": "python3", "text-artefact": "grep"}
	for _, name := range config.Templates() {
		t.Run(name, func(t *testing.T) {
			if program := needs[name]; program != "" {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("SKIPPED, NOT TESTED: the template needs %s: %v", program, err)
				}
			}
			kept, err := filepath.Abs(filepath.Join("..", "internal", "templates", name, config.DefaultBaseline))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if _, err := config.Init(name, dir); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			l, err := config.Load(config.FileName, nil)
			if err != nil {
				t.Fatal(err)
			}
			check := config.BaselineCheck{Subject: config.Subject{Config: l}, Baseline: "new.json"}
			if _, err := check.Write(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := baseline(t, "new.json")
			got.Latency = nil
			if os.Getenv("UPDATE_BASELINES") != "" {
				raw, err := got.Encode()
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(kept, raw, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(baseline(t, kept), got); diff != "" {
				t.Errorf("(-template +now): %s", diff)
			}
			// What is there as it is passes.
			checked, err := config.BaselineCheck{Subject: config.Subject{Config: l}}.Do(t.Context())
			if err != nil || checked.Status != report.CheckPassed || checked.N == 0 {
				t.Errorf("%v: %s on %d examples", err, checked.Status, checked.N)
			}
		})
	}
}

func baseline(t *testing.T, path string) report.Baseline {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := report.ParseBaseline(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
