package openai

import (
	"slices"
	"strings"

	"github.com/gepa-go/gepa/lm/internal/wire"
)

// A Provider is a preset: all that is needed to reach an endpoint but the key
// itself and the model.
type Provider struct {
	// Name is the first part of a model's name, for instance "openrouter".
	Name string
	// BaseURL is where the API lives, without the final "/chat/completions".
	// It is empty if the user has to give it.
	BaseURL string
	// BaseURLVars are environment variables that override BaseURL, the first
	// that is set.
	BaseURLVars []string
	// KeyVars are the environment variables that may hold the key, in the
	// order of preference.
	KeyVars []string
	// KeyOptional is set where endpoints without a key are usual.
	KeyOptional bool
	// Local is set for servers on the user's own machines: a call costs
	// nothing.
	Local bool
	// ReportsCost is set where a reply carries what it cost.
	ReportsCost bool
	// SchemaAsTool is set where a schema is sent as a tool that the model must
	// call, because the provider has no parameter for it, or only for a few of
	// its models.
	SchemaAsTool bool
}

// preset is what the provider's calls need.
func (p Provider) preset() wire.Preset {
	like := "http://localhost:8000/v1"
	if p.Name == azureName {
		like = "https://RESOURCE.openai.azure.com"
	}
	path := ""
	if p.Local {
		path = "/v1" // users of LiteLLM leave it out
	}
	return wire.Preset{
		Path: path,
		Name: p.Name, BaseURL: p.BaseURL, BaseURLVars: p.BaseURLVars, KeyVars: p.KeyVars,
		KeyOptional: p.KeyOptional, Local: p.Local,
		Endings: []string{"/chat/completions"}, Found: "/chat/completions", Like: like,
	}
}

// Providers returns the presets by name, in ascending order.
func Providers() []Provider {
	list := []Provider{
		{Name: "openai", BaseURL: "https://api.openai.com/v1", BaseURLVars: []string{"OPENAI_BASE_URL", "OPENAI_API_BASE"}, KeyVars: []string{"OPENAI_API_KEY"}},
		{Name: "openrouter", BaseURL: "https://openrouter.ai/api/v1", KeyVars: []string{"OPENROUTER_API_KEY", "OPEN_ROUTER_KEY"}, ReportsCost: true},
		{Name: azureName, BaseURLVars: []string{"AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"}, KeyVars: []string{"AZURE_API_KEY", "AZURE_OPENAI_API_KEY"}},
		{Name: "openai-compatible", KeyVars: []string{"OPENAI_COMPATIBLE_API_KEY"}, KeyOptional: true},
		local("ollama", "http://localhost:11434/v1", "OLLAMA_API_KEY", "OLLAMA_API_BASE"),
		local("ollama_chat", "http://localhost:11434/v1", "OLLAMA_API_KEY", "OLLAMA_API_BASE"),
		local("vllm", "http://localhost:8000/v1", "VLLM_API_KEY", "VLLM_API_BASE"),
		local("hosted_vllm", "http://localhost:8000/v1", "HOSTED_VLLM_API_KEY", "HOSTED_VLLM_API_BASE"),
		local("lmstudio", "http://localhost:1234/v1", "LM_STUDIO_API_KEY", "LM_STUDIO_API_BASE"),
		local("lm_studio", "http://localhost:1234/v1", "LM_STUDIO_API_KEY", "LM_STUDIO_API_BASE"),
		local("llamacpp", "http://localhost:8080/v1", "LLAMACPP_API_KEY", "LLAMACPP_API_BASE"),
		{Name: "groq", BaseURL: "https://api.groq.com/openai/v1", KeyVars: []string{"GROQ_API_KEY"}, SchemaAsTool: true},
		{Name: "deepseek", BaseURL: "https://api.deepseek.com/v1", KeyVars: []string{"DEEPSEEK_API_KEY"}, SchemaAsTool: true},
		{Name: "together", BaseURL: "https://api.together.xyz/v1", KeyVars: []string{"TOGETHER_API_KEY", "TOGETHERAI_API_KEY"}},
		{Name: "together_ai", BaseURL: "https://api.together.xyz/v1", KeyVars: []string{"TOGETHER_API_KEY", "TOGETHERAI_API_KEY"}},
		{Name: "mistral", BaseURL: "https://api.mistral.ai/v1", KeyVars: []string{"MISTRAL_API_KEY"}},
		{Name: "fireworks_ai", BaseURL: "https://api.fireworks.ai/inference/v1", KeyVars: []string{"FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"}},
		{Name: "cerebras", BaseURL: "https://api.cerebras.ai/v1", KeyVars: []string{"CEREBRAS_API_KEY"}},
		{Name: "xai", BaseURL: "https://api.x.ai/v1", KeyVars: []string{"XAI_API_KEY"}},
	}
	slices.SortFunc(list, func(a, b Provider) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func local(name, baseURL, keyVar, baseVar string) Provider {
	return Provider{
		Name: name, BaseURL: baseURL, BaseURLVars: []string{baseVar},
		KeyVars: []string{keyVar}, KeyOptional: true, Local: true,
	}
}

// FindProvider returns the preset of that name.
func FindProvider(name string) (Provider, bool) {
	for _, p := range Providers() {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

func providerNames() string {
	var names []string
	for _, p := range Providers() {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}
