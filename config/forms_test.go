package config

import "testing"

// What promptfoo's template language would read in a text comes out of it as
// it was.
func TestRawNunjucks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain { text } {question}": "plain { text } {question}",
		"say {{name}}":              "{% raw %}say {{name}}{% endraw %}",
		"a {# b":                    "{% raw %}a {# b{% endraw %}",
		"a {% endraw %} b":          "{% raw %}a {% endraw %}{{'{%'}} endraw %}{% raw %} b{% endraw %}",
	} {
		if got := rawNunjucks(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPromptfooModel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sim": "echo", "openai/gpt-4.1-mini": "openai:gpt-4.1-mini", "anthropic/claude-x": "anthropic:messages:claude-x",
		"gemini/gemini-2.5-pro": "google:gemini-2.5-pro", "openrouter/google/g": "openrouter:google/g",
	} {
		if got := promptfooModel(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	if got := fileName("a/b c.predict_1-é"); got != "a_b_c.predict_1-é" {
		t.Error(got)
	}
}
