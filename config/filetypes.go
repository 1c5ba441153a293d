package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// FileName is the name of the file that describes an optimization.
const FileName = "gepa.yaml"

// A File is what a gepa.yaml says; docs/formats/gepa-yaml.md is its
// description for people and docs/formats/gepa.schema.json for editors. The
// tags are its definition: json has a key's name, flag the flag of "gepa
// optimize" that takes its place, default what holds where it is not given, and
// enum its choices.
type File struct {
	Version    int            `json:"version" enum:"1" jsonschema:"version of this format: 1"`
	Models     ModelsSpec     `json:"models,omitzero" jsonschema:"the models, by role"`
	System     System         `json:"system,omitzero" jsonschema:"what is optimized: exactly one of the keys"`
	Data       DataSpec       `json:"data,omitzero" jsonschema:"the examples"`
	Metric     Metric         `json:"metric,omitzero" jsonschema:"how an output is scored: measures with weights, or exactly one of the keys"`
	Search     SearchSpec     `json:"search,omitzero" jsonschema:"how candidates are searched for"`
	Reflection ReflectionSpec `json:"reflection,omitzero" jsonschema:"how new texts are written"`
	Budget     BudgetSpec     `json:"budget,omitzero" jsonschema:"when the search ends, and what the run may spend"`
	Limits     LimitsSpec     `json:"limits,omitzero" jsonschema:"how calls are made"`
	Output     OutputSpec     `json:"output,omitzero" jsonschema:"where the run is kept"`
	Seed       uint64         `json:"seed,omitempty" flag:"seed" default:"0" jsonschema:"seed of all random decisions"`
}

// ModelsSpec names a model for each role.
type ModelsSpec struct {
	Task       RoleSpec `json:"task,omitzero" jsonschema:"runs the program"`
	Reflection RoleSpec `json:"reflection,omitzero" prefix:"reflection-" default:"models.task" jsonschema:"writes new texts"`
	Judge      RoleSpec `json:"judge,omitzero" prefix:"judge-" default:"models.task" jsonschema:"gives feedback, and scores where the metric is a judge"`
}

// RoleSpec is the model of a role.
type RoleSpec struct {
	Model           string   `json:"model,omitempty" flag:"model" jsonschema:"provider/model, for instance openai/gpt-4.1-mini, or sim, the offline stand-in"`
	BaseURL         string   `json:"base_url,omitempty" flag:"base-url" default:"the provider's" jsonschema:"endpoint of the provider; that of the task's model is the other roles', too, where they have the same provider"`
	Temperature     *float64 `json:"temperature,omitempty" flag:"temperature" default:"the provider's" jsonschema:"sampling temperature"`
	TopP            *float64 `json:"top_p,omitempty" flag:"top-p" default:"the provider's" jsonschema:"nucleus sampling mass"`
	MaxTokens       int      `json:"max_tokens,omitempty" flag:"max-tokens" default:"the provider's" min:"1" jsonschema:"longest reply in tokens"`
	ReasoningEffort string   `json:"reasoning_effort,omitempty" flag:"reasoning-effort" default:"the provider's" jsonschema:"how long to think, in the provider's word"`
	Stop            Strings  `json:"stop,omitempty" flag:"stop" default:"none" jsonschema:"texts at which a reply ends"`
	Seed            *int64   `json:"seed,omitempty" flag:"model-seed" default:"none" jsonschema:"seed that is sent, where the provider takes one"`
}

// Shorthand says that a model may be given by its name alone.
func (RoleSpec) Shorthand() string { return "model" }

// DataSpec says where the examples are and how they are read; docs/data.md.
type DataSpec struct {
	Train FileSet `json:"train,omitzero" flag:"train" jsonschema:"files or patterns of training examples, relative to this file; - is standard input"`
	Val   ValSet  `json:"val,omitzero" flag:"val" default:"a third of train, at most 100" jsonschema:"validation set: so many of the training examples, or a file"`
	Test  FileSet `json:"test,omitzero" flag:"dev" jsonschema:"files of the sealed test set, read once after the search"`
	// Stratify is [dataset.Division]'s.
	Stratify string `json:"stratify,omitempty" flag:"stratify" default:"none" jsonschema:"a label or input, or a /path into one: feedback and validation get each of its values in proportion"`
	Reading
	Limit      int `json:"limit,omitempty" min:"1" flag:"limit" default:"all" jsonschema:"use only the first so many examples of train and test"`
	LimitTrain int `json:"limit_train,omitempty" min:"1" flag:"limit-train" default:"all" jsonschema:"the same for train alone"`
	LimitTest  int `json:"limit_test,omitempty" min:"1" flag:"limit-dev" default:"all" jsonschema:"the same for test alone"`
}

// A FileSet is a set of examples: files, and how they are read where that
// differs from the other sets.
type FileSet struct {
	Files Strings `json:"files,omitempty" jsonschema:"files or patterns, relative to this file; - is standard input"`
	Reading
}

// Shorthand says that files may be given alone.
func (FileSet) Shorthand() string { return "files" }

// A ValSet is a validation set: a part of the training examples, or files.
type ValSet struct {
	Size  Size    `json:"size,omitempty" jsonschema:"so many of the training examples, or a file"`
	Files Strings `json:"files,omitempty" jsonschema:"files or patterns, relative to this file"`
	Reading
}

// Shorthand says that a number or a file may be given alone.
func (ValSet) Shorthand() string { return "size" }

// Reading says how files of examples are read and which fields are what; see
// [dataset.Options], whose fields have these names.
type Reading struct {
	Format    string            `json:"format,omitempty" enum:"jsonl,json,csv,tsv,parquet" default:"by content and extension" jsonschema:"format of the files"`
	Form      string            `json:"form,omitempty" enum:"fields,hotpotqa" default:"fields, but hotpotqa for the built-in program" jsonschema:"form of the examples"`
	Key       string            `json:"key,omitempty" default:"none" jsonschema:"where the list of examples stands in a JSON document: a field or a /path"`
	Separator string            `json:"separator,omitempty" default:"," jsonschema:"character between the cells of CSV"`
	Columns   []string          `json:"columns,omitempty" default:"the header" jsonschema:"names of the columns of CSV without a header"`
	Types     map[string]string `json:"types,omitempty" default:"string" jsonschema:"types of CSV columns: string, number, boolean or json"`
	ID        string            `json:"id,omitempty" default:"id or _id, else made of the content" jsonschema:"field that holds the id"`
	Inputs    []string          `json:"inputs,omitempty" default:"all that are no labels" jsonschema:"fields that the program sees: NAME, NEW=OLD or NEW=/path/to/value"`
	Labels    []string          `json:"labels,omitempty" default:"the rest, or those with names such as answer" jsonschema:"fields that only metrics see, in the same way"`
	Where     string            `json:"where,omitempty" default:"all" jsonschema:"keep the rows for which this expression is true"`
	Dedupe    bool              `json:"dedupe,omitempty" default:"false" jsonschema:"drop examples whose content an earlier one has"`
	Sample    int               `json:"sample,omitempty" min:"1" default:"all" jsonschema:"draw so many of the examples of each file set by the seed"`
}

// over returns the reading with another's values where it has none.
func (r Reading) over(common Reading) Reading {
	own, other := reflect.ValueOf(&r).Elem(), reflect.ValueOf(common)
	for i := range own.NumField() {
		if own.Field(i).IsZero() {
			own.Field(i).Set(other.Field(i))
		}
	}
	return r
}

// SearchSpec is [Search] as a file has it.
type SearchSpec struct {
	Preset       string  `json:"preset,omitempty" flag:"search" enum:"paper,recommended" default:"paper" jsonschema:"preset for the other keys"`
	Minibatch    int     `json:"minibatch,omitempty" min:"1" flag:"minibatch" default:"7" jsonschema:"examples on which parent and child are compared"`
	InFlight     int     `json:"in_flight,omitempty" min:"1" flag:"in-flight" default:"1" jsonschema:"proposals in flight at once"`
	PerMember    *int    `json:"per_member,omitempty" min:"0" flag:"per-member" default:"0" jsonschema:"at most so many of them for each candidate; 0 for no such limit"`
	Parent       string  `json:"parent,omitempty" flag:"parent" enum:"pareto,best,epsilon_greedy,top_k" default:"pareto" jsonschema:"what proposals start from"`
	Epsilon      float64 `json:"epsilon,omitempty" flag:"epsilon" default:"0.1" jsonschema:"chance of any candidate, with parent epsilon_greedy"`
	TopK         int     `json:"top_k,omitempty" min:"1" flag:"top-k" default:"5" jsonschema:"candidates to draw from, with parent top_k"`
	Frontier     string  `json:"frontier,omitempty" flag:"frontier" enum:"example,objective,both" default:"example" jsonschema:"what candidates survive by: the best on each example, on each objective, or both"`
	Dominance    string  `json:"dominance,omitempty" flag:"dominance" enum:"subset,cover" default:"subset" jsonschema:"which candidates count as dominated"`
	Components   string  `json:"components,omitempty" flag:"components" enum:"round_robin,all" default:"round_robin" jsonschema:"texts to rewrite at a time"`
	Sampling     string  `json:"sampling,omitempty" flag:"sampling" enum:"epoch,failures" default:"epoch" jsonschema:"how minibatches are drawn"`
	Acceptance   string  `json:"acceptance,omitempty" flag:"acceptance" enum:"strict,equal,paired" default:"strict" jsonschema:"when a child is validated"`
	More         int     `json:"more,omitempty" min:"1" flag:"more" default:"twice the minibatch" jsonschema:"most further examples, with acceptance paired"`
	Children     int     `json:"children,omitempty" min:"1" flag:"children" default:"1" jsonschema:"texts to try a proposal; the best goes on"`
	Memory       *int    `json:"memory,omitempty" min:"0" flag:"memory" default:"0" jsonschema:"rejected edits to show the reflection model"`
	Merges       *int    `json:"merges,omitempty" min:"0" flag:"merges" default:"5" jsonschema:"merges that may be tried; 0 for none"`
	MergeByModel bool    `json:"merge_by_model,omitempty" flag:"merge-by-model" default:"false" jsonschema:"let the reflection model merge candidates of systems with one component"`
	Staged       *int    `json:"staged,omitempty" min:"0" flag:"staged" default:"0" jsonschema:"validate in stages, the first of so many examples; 0 for full validation"`
	StagedGrowth float64 `json:"staged_growth,omitempty" flag:"staged-growth" default:"2" jsonschema:"by how much each stage is larger than the one before"`
	StagedZ      float64 `json:"staged_z,omitempty" flag:"staged-z" default:"1" jsonschema:"standard errors below the best at which a candidate is given up"`
	PerfectScore float64 `json:"perfect_score,omitempty" flag:"perfect-score" default:"1" jsonschema:"best score that there is; minibatches that reach it teach nothing"`
}

// ReflectionSpec says how new texts are written; docs/proposer.md.
type ReflectionSpec struct {
	Feedback string `json:"feedback,omitempty" flag:"feedback" enum:"metric,judge,both" default:"both for programs, metric for other systems" jsonschema:"whose words reflection reads"`
	Template string `json:"template,omitempty" flag:"template" enum:"instruction,gepa" default:"instruction" jsonschema:"reflection prompt"`
	Fence    string `json:"fence,omitempty" flag:"fence" enum:"auto,always,never" default:"auto" jsonschema:"fence text from data and models in prompts"`
	Lint     string `json:"lint,omitempty" flag:"lint" enum:"refuse,warn,off" default:"refuse" jsonschema:"what becomes of proposed texts with a finding"`
	Prompt   Text   `json:"prompt,omitzero" flag:"reflection-prompt" default:"the template's" jsonschema:"a reflection prompt of your own, which holds <curr_param> and <side_info>, or {file: …}"`
	Proposing
}

// Proposing bounds what new texts are written from, and says what they may not
// be; see [propose.Options] and [propose.Linter].
type Proposing struct {
	RecordTokens   int               `json:"record_tokens,omitempty" min:"1" flag:"record-tokens" default:"24000" jsonschema:"most tokens of recorded data in one reflection prompt"`
	RejectedTokens int               `json:"rejected_tokens,omitempty" min:"1" flag:"rejected-tokens" default:"2000" jsonschema:"most tokens of rejected edits in one reflection prompt"`
	TextTokens     int               `json:"text_tokens,omitempty" min:"1" flag:"text-tokens" default:"4000" jsonschema:"most tokens of a new text, unless the present one has more"`
	CopiedWords    int               `json:"copied_words,omitempty" min:"2" flag:"copied-words" default:"10" jsonschema:"so many words in a row make a passage that was copied from an example"`
	Allow          Strings           `json:"allow,omitempty" flag:"allow" default:"none" jsonschema:"values that a text may name although they are expected answers, such as the classes of a classifier"`
	Rules          map[string]string `json:"rules,omitempty" flag:"lint-rule" default:"as lint says" jsonschema:"refuse, warn or off for single rules of the linter, by name"`
	Placeholder    string            `json:"placeholder,omitempty" flag:"placeholder" default:"a name in braces" jsonschema:"regular expression of what is filled into a text, which new texts must hold"`
	LockBegin      string            `json:"lock_begin,omitempty" default:"<!-- gepa:lock -->" jsonschema:"mark before a span of a text that must stay as it is"`
	LockEnd        string            `json:"lock_end,omitempty" default:"<!-- gepa:unlock -->" jsonschema:"mark after it"`
}

// BudgetSpec says when the search ends and what may be spent.
type BudgetSpec struct {
	Iterations int      `json:"iterations,omitempty" min:"1" flag:"iterations" default:"15 if no budget is given" jsonschema:"proposals"`
	Rollouts   int      `json:"rollouts,omitempty" min:"1" flag:"rollouts" default:"none" jsonschema:"rollouts of the search"`
	Auto       string   `json:"auto,omitempty" flag:"auto" enum:"light,medium,heavy" default:"none" jsonschema:"rollouts by DSPy's levels"`
	Time       Duration `json:"time,omitempty" flag:"time" default:"none" jsonschema:"time, for instance 30m"`
	Target     float64  `json:"target,omitempty" flag:"target" default:"none" jsonschema:"stop at this mean validation score"`
	Patience   int      `json:"patience,omitempty" min:"1" flag:"patience" default:"none" jsonschema:"stop after so many proposals without a better candidate"`
	MaxCost    Dollars  `json:"max_cost,omitempty" flag:"max-cost" default:"none" jsonschema:"most dollars that the run may cost, the test set included"`
	MaxTokens  int64    `json:"max_tokens,omitempty" min:"1" flag:"max-tokens-total" default:"none" jsonschema:"most tokens, in and out"`
	MaxCalls   int64    `json:"max_calls,omitempty" min:"1" flag:"max-calls" default:"none" jsonschema:"most calls, failed ones included"`
}

// LimitsSpec says how calls are made.
type LimitsSpec struct {
	Concurrency        int      `json:"concurrency,omitempty" min:"1" flag:"concurrency" default:"8" jsonschema:"rollouts at a time; it changes no result"`
	MaxConcurrentCalls int      `json:"max_concurrent_calls,omitempty" min:"1" flag:"max-concurrent-calls" default:"256" jsonschema:"most calls in flight to an endpoint"`
	RPM                int      `json:"rpm,omitempty" min:"1" flag:"rpm" default:"no limit" jsonschema:"requests a minute that an endpoint takes"`
	TPM                int      `json:"tpm,omitempty" min:"1" flag:"tpm" default:"no limit" jsonschema:"tokens a minute that an endpoint takes"`
	Attempts           int      `json:"attempts,omitempty" min:"1" flag:"attempts" default:"6" jsonschema:"how often a call is tried that fails for a passing reason"`
	CallTimeout        Duration `json:"call_timeout,omitempty" flag:"call-timeout" default:"3m" jsonschema:"time for one attempt of a call"`
	Cache              string   `json:"cache,omitempty" flag:"cache" default:"calls.db in the user's cache folder" jsonschema:"file that keeps replies"`
	NoCache            bool     `json:"no_cache,omitempty" flag:"no-cache" default:"false" jsonschema:"keep no replies and use none that are kept"`
	Prices             string   `json:"prices,omitempty" flag:"prices" default:"none" jsonschema:"file with prices of your own"`
	Record             string   `json:"record,omitempty" flag:"record" default:"none" jsonschema:"write all calls to this file"`
	Replay             string   `json:"replay,omitempty" flag:"replay" default:"none" jsonschema:"answer all calls from a recording"`
}

// OutputSpec says where the run is kept.
type OutputSpec struct {
	Folder string `json:"folder,omitempty" flag:"out" default:"gepa-out" jsonschema:"folder that keeps the run, relative to this file"`
	Start  string `json:"start,omitempty" flag:"start" default:"the system's own texts" jsonschema:"start from a saved program, or from the winner in this folder"`
}

// Strings is a list of texts; one may be given without brackets.
type Strings []string

// Split makes a list of one text.
func (Strings) Split(text string) []string { return []string{text} }

// Argv is a program and its arguments; no shell looks at them. It may be given
// as one text, which is divided at spaces.
type Argv []string

// Split divides a text at spaces.
func (Argv) Split(text string) []string { return strings.Fields(text) }

// Size is a number of examples, or a file.
type Size string

// UnmarshalText takes any text that says something.
func (s *Size) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" {
		return errors.New("want a number of examples, or a file, got an empty text")
	}
	*s = Size(text)
	return nil
}

// MarshalText returns the text.
func (s Size) MarshalText() ([]byte, error) { return []byte(s), nil }

// Wanted says what is taken.
func (Size) Wanted() string { return "a number of examples, or a file" }

// Duration is a time such as 90s, 15m or 2h, above zero.
type Duration time.Duration

// UnmarshalText reads what [time.ParseDuration] reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v <= 0 {
		return fmt.Errorf("want %s, got %q", d.Wanted(), text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the time as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Wanted says what is taken.
func (Duration) Wanted() string { return "a duration such as 90s, 15m or 2h" }

// Dollars is an amount in billionths of a dollar, above zero.
type Dollars int64

// UnmarshalText reads an amount such as 5 or 0.25, digit by digit: a cap is no
// place for rounding.
func (d *Dollars) UnmarshalText(text []byte) error {
	const digits = 9
	wrong := fmt.Errorf("want %s, got %q", d.Wanted(), text)
	whole, part, _ := strings.Cut(strings.TrimPrefix(string(text), "$"), ".")
	if len(part) > digits || whole+part == "" || strings.ContainsAny(whole+part, "+-_") {
		return wrong
	}
	v, err := strconv.ParseInt(whole+part+strings.Repeat("0", digits-len(part)), 10, 64)
	if err != nil || v <= 0 {
		return wrong
	}
	*d = Dollars(v)
	return nil
}

// MarshalText writes the amount.
func (d Dollars) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(d)/1e9, 'f', -1, 64)), nil
}

// Wanted says what is taken.
func (Dollars) Wanted() string { return "an amount of dollars such as 5 or 0.25" }
