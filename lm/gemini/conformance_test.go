package gemini_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/gemini"
	"github.com/gepa-go/gepa/lm/lmtest"
)

// Google's library links OpenCensus, which starts a goroutine when the program
// does and never ends it.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// testKey has no form that a pattern could know.
const testKey = "zebra-77-crossing-42"

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// open returns a client of a model behind a test server.
func open(t *testing.T, model, baseURL string) *gemini.Client {
	t.Helper()
	c, err := gemini.New(gemini.Config{
		Model: model, BaseURL: baseURL, KeyVar: "TEST_KEY",
		Getenv: environment(map[string]string{"TEST_KEY": testKey}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestConformance(t *testing.T) {
	for _, model := range []string{"gemini/gemini-2.5-flash", "gemini/gemma-3-27b-it"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			lmtest.Exercise(t, func(baseURL string) lm.Model { return open(t, model, baseURL) }, lmtest.Gemini)
		})
	}
}
