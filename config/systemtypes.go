package config

import "encoding/json"

// A System says what is optimized. Exactly one field is set.
type System struct {
	// Builtin names a program of [Programs].
	Builtin  string        `json:"builtin,omitempty" flag:"program" enum:"hotpotqa" jsonschema:"a program that is built in"`
	Program  *ProgramSpec  `json:"program,omitempty" jsonschema:"modules that run one after the other, wired by field name"`
	Worker   *WorkerSpec   `json:"worker,omitempty" jsonschema:"processes that speak the worker protocol (docs/formats/worker.md)"`
	Command  *CommandSpec  `json:"command,omitempty" jsonschema:"a command that is run once for each rollout"`
	Webhook  *WebhookSpec  `json:"webhook,omitempty" jsonschema:"a service that speaks the worker protocol over HTTP"`
	Artefact *ArtefactSpec `json:"artefact,omitempty" jsonschema:"files and a command that measures them; there is no data set"`
}

// Shorthand says that a built-in program may be given by its name.
func (System) Shorthand() string { return "builtin" }

// A Text is given as it is, or by the name of a file.
type Text struct {
	Text string `json:"text,omitempty" jsonschema:"the text"`
	File string `json:"file,omitempty" jsonschema:"where it stands, relative to this file: FILE, FILE#/json/pointer, or FILE::NAME for a marked region"`
}

// Shorthand says that a text may be given as it is.
func (Text) Shorthand() string { return "text" }

// A Prompt is a text that is optimized: given as it is, or by its place.
type Prompt struct {
	Text string  `json:"text,omitempty" jsonschema:"the text"`
	File string  `json:"file,omitempty" jsonschema:"where it stands, relative to this file: FILE, FILE#/json/pointer, or FILE::NAME for a marked region"`
	Keep Strings `json:"keep,omitempty" default:"none" jsonschema:"texts in it that every new one must hold, to the letter"`
}

// Shorthand says that a text may be given as it is.
func (Prompt) Shorthand() string { return "text" }

// ComponentSpec is a text that is optimized.
type ComponentSpec struct {
	Name string  `json:"name" jsonschema:"the component's name"`
	Text string  `json:"text,omitempty" jsonschema:"its starting text"`
	File string  `json:"file,omitempty" jsonschema:"or where it stands, relative to this file: FILE, FILE#/json/pointer, or FILE::NAME for a marked region"`
	Keep Strings `json:"keep,omitempty" default:"none" jsonschema:"texts in it that every new one must hold, to the letter"`
}

// ProgramSpec is a [program.Declaration].
type ProgramSpec struct {
	Inputs  Strings      `json:"inputs,omitempty" default:"what modules need and none gives" jsonschema:"the program's inputs"`
	Modules []ModuleSpec `json:"modules" jsonschema:"the modules, in the order in which they run"`
	Outputs Strings      `json:"outputs,omitempty" default:"those of all modules" jsonschema:"the fields that the program returns"`
}

// ModuleSpec is a [program.ModuleDeclaration].
type ModuleSpec struct {
	Name         string            `json:"name" jsonschema:"the module's name"`
	Kind         string            `json:"kind,omitempty" enum:"predict,chain_of_thought" default:"predict" jsonschema:"chain_of_thought reasons before it answers"`
	Signature    string            `json:"signature" jsonschema:"fields in and out, as in: question, context: list[str] -> answer"`
	Instructions Prompt            `json:"instructions,omitzero" default:"Given the fields …, produce the fields …" jsonschema:"the text that is optimized, or {file: …}"`
	Descriptions map[string]string `json:"descriptions,omitempty" jsonschema:"what fields of the signature are, by name"`
	Optimize     Strings           `json:"optimize,omitempty" default:"none" jsonschema:"fields whose descriptions are optimized, too"`
	Demos        []Demo            `json:"demos,omitempty" default:"none" jsonschema:"demonstrations: objects with fields of the signature, shown to the model as earlier turns"`
	DemosFile    string            `json:"demos_file,omitempty" default:"none" jsonschema:"a file of demonstrations, as JSON lines or a JSON list, relative to this file; those of demos come first"`
	When         string            `json:"when,omitempty" default:"always" jsonschema:"an expression over the fields: the module is left out where it is not true"`
	Repeat       *RepeatSpec       `json:"repeat,omitempty" default:"once" jsonschema:"run the module, and those from another one on, again"`
}

// A Demo is a demonstration: values by field.
type Demo map[string]json.RawMessage

// RepeatSpec is a [program.Repeat].
type RepeatSpec struct {
	Times int    `json:"times" min:"2" jsonschema:"most rounds in all, 2 or more"`
	Until string `json:"until,omitempty" default:"all rounds" jsonschema:"an expression over the fields that ends the rounds"`
	From  string `json:"from,omitempty" default:"the module itself" jsonschema:"the module to go back to"`
}

// WorkerSpec is [rollout.WorkersOptions].
type WorkerSpec struct {
	Command      Argv              `json:"command" jsonschema:"the worker program and its arguments"`
	Dir          string            `json:"dir,omitempty" default:"this file's folder" jsonschema:"the folder to run it in"`
	Env          map[string]string `json:"env,omitempty" jsonschema:"added to the environment; no place for keys, which workers inherit"`
	Workers      int               `json:"workers,omitempty" min:"1" default:"4" jsonschema:"most processes at once"`
	Components   []ComponentSpec   `json:"components,omitempty" default:"what the worker says" jsonschema:"the texts that are optimized"`
	TimeLimit    Duration          `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one rollout"`
	StartLimit   Duration          `json:"start_limit,omitempty" default:"1m" jsonschema:"time for a worker to start"`
	Crashes      int               `json:"crashes,omitempty" min:"1" default:"3" jsonschema:"so many crashes in a row are the program's failure"`
	FailureScore float64           `json:"failure_score,omitempty" default:"0" jsonschema:"score of a rollout that failed"`
}

// CommandSpec is [rollout.CommandOptions].
type CommandSpec struct {
	Command      Argv              `json:"command" jsonschema:"the program and its arguments, in which {candidate_dir}, {candidate} and {example} stand for paths"`
	Dir          string            `json:"dir,omitempty" default:"this file's folder" jsonschema:"the folder to run it in"`
	Env          map[string]string `json:"env,omitempty" jsonschema:"added to the environment; no place for keys, which commands inherit"`
	Components   []ComponentSpec   `json:"components" jsonschema:"the texts that are optimized"`
	Score        string            `json:"score,omitempty" default:"the exit status" jsonschema:"where the score is in the output: a regular expression with one group, or a JSON pointer"`
	TimeLimit    Duration          `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one rollout"`
	FailureScore float64           `json:"failure_score,omitempty" default:"0" jsonschema:"score of a rollout that failed"`
}

// WebhookSpec is [rollout.WebhookOptions].
type WebhookSpec struct {
	URL          string            `json:"url" jsonschema:"where requests are posted to"`
	SecretEnv    string            `json:"secret_env,omitempty" default:"not signed" jsonschema:"the environment variable with the secret that signs requests"`
	HeaderEnv    map[string]string `json:"header_env,omitempty" jsonschema:"headers whose values are in environment variables, for instance Authorization"`
	Components   []ComponentSpec   `json:"components,omitempty" default:"what the service says" jsonschema:"the texts that are optimized"`
	Concurrency  int               `json:"concurrency,omitempty" min:"1" default:"16" jsonschema:"most requests at once"`
	TimeLimit    Duration          `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one attempt"`
	Attempts     int               `json:"attempts,omitempty" min:"1" default:"5" jsonschema:"how often a request is tried"`
	FailureScore float64           `json:"failure_score,omitempty" default:"0" jsonschema:"score of a rollout that failed"`
}

// ArtefactSpec is [rollout.ArtefactOptions].
type ArtefactSpec struct {
	Files        Strings            `json:"files" jsonschema:"the texts to improve: FILE, FILE#/json/pointer, or FILE::NAME for a marked region; they are read and never written"`
	Keep         map[string]Strings `json:"keep,omitempty" default:"none" jsonschema:"texts that every new one must hold, to the letter, by the name under files"`
	Command      Argv               `json:"command" jsonschema:"the command that measures them, in which {file}, {candidate_dir} and {case} stand for paths and the case"`
	Dir          string             `json:"dir,omitempty" default:"this file's folder" jsonschema:"the folder to run it in, and that files are in"`
	Env          map[string]string  `json:"env,omitempty" jsonschema:"added to the environment; no place for keys, which commands inherit"`
	Cases        Argv               `json:"cases,omitempty" default:"one case" jsonschema:"a command that lists the cases, one a line"`
	Score        string             `json:"score,omitempty" default:"the exit status" jsonschema:"where the score is in the output: a regular expression with one group, or a JSON pointer"`
	TimeLimit    Duration           `json:"time_limit,omitempty" default:"10m" jsonschema:"time for one measurement"`
	FailureScore float64            `json:"failure_score,omitempty" default:"0" jsonschema:"score of a text that the command fails on"`
	Noisy        bool               `json:"noisy,omitempty" default:"false" jsonschema:"the command does not say the same every time"`
}
