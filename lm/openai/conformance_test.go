package openai_test

import (
	"testing"

	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/lm/lmtest"
	"github.com/gepa-go/gepa/lm/openai"
)

func TestConformance(t *testing.T) {
	for _, model := range []string{"openai/gpt-4.1-mini", "openai/gpt-5-mini", "deepseek/deepseek-chat", "openrouter/a/b", "ollama_chat/llama3.2", "azure/deployment"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			lmtest.Exercise(t, func(baseURL string) lm.Model {
				c, err := openai.New(openai.Config{
					Model: model, BaseURL: baseURL, KeyVar: "TEST_KEY",
					Getenv: environment(map[string]string{"TEST_KEY": testKey}),
				})
				if err != nil {
					t.Fatal(err)
				}
				return c
			}, lmtest.OpenAI)
		})
	}
}
