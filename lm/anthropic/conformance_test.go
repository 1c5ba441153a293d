package anthropic_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/anthropic"
	"github.com/gepa-go/gepa/lm/lmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testKey has no form that a pattern could know.
const testKey = "zebra-77-crossing-42"

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// open returns a client of a model behind a test server.
func open(t *testing.T, model, baseURL string) *anthropic.Client {
	t.Helper()
	c, err := anthropic.New(anthropic.Config{
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
	for _, model := range []string{"anthropic/claude-sonnet-4-5", "anthropic/claude-3-5-haiku-latest"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			lmtest.Exercise(t, func(baseURL string) lm.Model { return open(t, model, baseURL) }, lmtest.Anthropic)
		})
	}
}
