package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/dataset/demodata"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/propose"
)

// metaSettings is the name under which a journal keeps a run's settings.
const metaSettings = "settings"

// settingsFormat is the version of the form below, which is specified in
// docs/formats/journal.md.
const settingsFormat = 3

// settings are an [Optimize] with everything resolved, as a journal keeps it:
// all that "gepa resume" needs, for people to read, too. There are no keys in
// it; they come from the environment, always. Paths are absolute.
type settings struct {
	Format  int    `json:"format"`
	Program string `json:"program"`
	// System is what is optimized, where that is not Program; its texts are
	// in it, and its folders are absolute.
	System System `json:"system,omitzero"`
	Metric Metric `json:"metric,omitzero"`
	// Start is the saved program that the run started from; the run's folder
	// keeps a copy.
	Start string `json:"start,omitempty"`
	// Sources are where the texts of System stand, with what stood there.
	Sources []Place `json:"sources,omitempty"`
	// Files are those of an artefact, and Components what a worker or a service
	// said it consists of, when the run began.
	Files      map[string]string `json:"files,omitempty"`
	Components []gepa.Component  `json:"components,omitempty"`
	// Objectives are those that the run declares.
	Objectives []gepa.Objective `json:"objectives,omitempty"`
	Seed       uint64           `json:"seed"`
	Data       dataSettings     `json:"data"`
	Models     modelSettings    `json:"models"`
	Feedback   string           `json:"feedback"`
	Template   string           `json:"template"`
	Fence      string           `json:"fence"`
	Lint       string           `json:"lint"`
	// Prompt takes the place of Template.
	Prompt    string         `json:"prompt,omitempty"`
	Proposing Proposing      `json:"proposing,omitzero"`
	Search    searchSettings `json:"search"`
	Budget    budgetSettings `json:"budget"`
	Limits    limitSettings  `json:"limits"`
	// Replay is the recording that the run's calls are answered from.
	Replay string `json:"replay,omitempty"`
}

type dataSettings struct {
	Train fileSettings `json:"train"`
	Dev   fileSettings `json:"dev"`
	// Val is a file, or the number of examples of Train that are held back.
	Val       string       `json:"val,omitempty"`
	ValFiles  fileSettings `json:"val_files,omitzero"`
	ValNumber int          `json:"val_number,omitempty"`
	Stratify  string       `json:"stratify,omitempty"`
	Reading   Reading      `json:"reading,omitzero"`
}

// fileSettings are a file of examples, or a set that is built in, or one that
// a Go program made and only that can give again.
type fileSettings struct {
	Path    string   `json:"path,omitempty"`
	More    []string `json:"more,omitempty"`
	BuiltIn string   `json:"built_in,omitempty"`
	Memory  bool     `json:"memory,omitempty"`
	Limit   int      `json:"limit,omitempty"`
	// Reading says how they are read where that differs from the other sets.
	Reading Reading `json:"reading,omitzero"`
}

type modelSettings struct {
	Task       roleSettings `json:"task"`
	Reflection roleSettings `json:"reflection"`
	Judge      roleSettings `json:"judge,omitzero"`
	BaseURL    string       `json:"base_url,omitempty"`
}

type roleSettings struct {
	Name string `json:"name,omitempty"`
	// BaseURL is the role's own endpoint.
	BaseURL string    `json:"base_url,omitempty"`
	Params  lm.Params `json:"params,omitzero"`
}

// searchSettings are the search's options as they were resolved, whatever
// preset they came from.
type searchSettings struct {
	Minibatch    int     `json:"minibatch"`
	InFlight     int     `json:"in_flight"`
	PerMember    int     `json:"per_member,omitempty"`
	Parent       string  `json:"parent"`
	Frontier     string  `json:"frontier,omitempty"`
	Epsilon      float64 `json:"epsilon,omitempty"`
	TopK         int     `json:"top_k,omitempty"`
	Dominance    string  `json:"dominance"`
	Components   string  `json:"components"`
	Sampling     string  `json:"sampling"`
	Acceptance   string  `json:"acceptance"`
	More         int     `json:"more,omitempty"`
	Children     int     `json:"children"`
	Memory       int     `json:"memory,omitempty"`
	Merges       int     `json:"merges"`
	MergeByModel bool    `json:"merge_by_model,omitempty"`
	// Staged is the size of the first stage of validation; 0 for none.
	Staged       int     `json:"staged,omitempty"`
	StagedGrowth float64 `json:"staged_growth,omitempty"`
	StagedZ      float64 `json:"staged_z,omitempty"`
	PerfectScore float64 `json:"perfect_score,omitempty"`
}

func searchSettingsOf(o gepa.Options) searchSettings {
	o = o.WithDefaults()
	return searchSettings{
		Minibatch: o.Minibatch, InFlight: o.InFlight, PerMember: o.PerMember,
		Parent: string(o.Parent), Frontier: string(o.Frontier), Epsilon: o.Epsilon, TopK: o.TopK, Dominance: string(o.Dominance),
		Components: string(o.Components), Sampling: string(o.Sampling), Acceptance: string(o.Acceptance),
		More: o.More, Children: o.Children, Memory: o.Memory, Merges: max(o.MaxMerges, 0), MergeByModel: o.MergeByModel,
		Staged: o.Staged.First, StagedGrowth: o.Staged.Growth, StagedZ: o.Staged.Z,
		PerfectScore: o.PerfectScore,
	}
}

// search returns the options in the form in which they are configured. The
// paper's preset leaves them as they are.
func (s searchSettings) search() Search {
	return Search{
		Preset: string(gepa.PresetPaper), Minibatch: s.Minibatch, InFlight: s.InFlight, PerMember: &s.PerMember,
		Parent: s.Parent, Frontier: s.Frontier, Epsilon: s.Epsilon, TopK: s.TopK, Dominance: s.Dominance,
		Components: s.Components, Sampling: s.Sampling, Acceptance: s.Acceptance,
		More: s.More, Children: s.Children, Memory: &s.Memory, Merges: &s.Merges, MergeByModel: s.MergeByModel,
		Staged: &s.Staged, StagedGrowth: s.StagedGrowth, StagedZ: s.StagedZ,
		PerfectScore: s.PerfectScore,
	}
}

type budgetSettings struct {
	Iterations int      `json:"iterations,omitempty"`
	Rollouts   int      `json:"rollouts,omitempty"`
	Time       duration `json:"time,omitempty"`
	Target     float64  `json:"target,omitempty"`
	Patience   int      `json:"patience,omitempty"`
	// Caps are all sessions' together; Nanos are billionths of a US dollar.
	Nanos  int64 `json:"max_cost_nano_usd,omitempty"`
	Tokens int64 `json:"max_tokens,omitempty"`
	Calls  int64 `json:"max_calls,omitempty"`
}

type limitSettings struct {
	Concurrency        int      `json:"concurrency,omitempty"`
	MaxConcurrentCalls int      `json:"max_concurrent_calls,omitempty"`
	RPM                int      `json:"rpm,omitempty"`
	TPM                int      `json:"tpm,omitempty"`
	Attempts           int      `json:"attempts,omitempty"`
	CallTimeout        duration `json:"call_timeout,omitempty"`
	Cache              string   `json:"cache,omitempty"`
	NoCache            bool     `json:"no_cache,omitempty"`
}

// duration is written as Go writes one: "1h30m0s".
type duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

// The built-in sets, as they are named in errors and in settings.
const (
	demoTrain = "demo train"
	demoDev   = "demo dev"
)

// DemoTrain and DemoDev are the examples that are built in.
func DemoTrain() Source { return Source{Path: demoTrain, Data: demodata.Train()} }

// DemoDev is the test set that is built in.
func DemoDev() Source { return Source{Path: demoDev, Data: demodata.Dev()} }

// settings returns what the run's journal keeps. The run is built from o.
func (o Optimize) settings(r *Run) (settings, error) {
	var errs []error
	abs := func(path string) string {
		if path == "" || path == "-" {
			return path // standard input has no place
		}
		full, err := filepath.Abs(path)
		errs = append(errs, err)
		return full
	}
	file := func(src Source, limit int) fileSettings {
		switch {
		case src.Data == nil:
			f := fileSettings{Path: abs(src.Path), Limit: limit, Reading: src.Reading}
			for _, path := range src.More {
				f.More = append(f.More, abs(path))
			}
			return f
		case src.Path == demoTrain && bytes.Equal(src.Data, demodata.Train()), src.Path == demoDev && bytes.Equal(src.Data, demodata.Dev()):
			return fileSettings{BuiltIn: src.Path, Limit: limit}
		default:
			return fileSettings{Memory: true, Limit: limit}
		}
	}
	system, err := o.System.absolute()
	errs = append(errs, err)
	system.Builtin = ""
	metric := o.Metric
	if metric.Command != nil {
		c := *metric.Command
		c.Dir, metric.Command = abs(orDefault(c.Dir, ".")), &c
	}
	places, perr := absolutePlaces(o.Places)
	files, ferr := o.keptFiles()
	errs = append(errs, perr, ferr)
	b := r.Options.Budget
	s := settings{
		Format: settingsFormat, Program: orDefault(o.Program, o.System.Builtin), System: system, Metric: metric, Start: orDefault(o.startedFrom, abs(o.Start)), Seed: o.Seed,
		Data: dataSettings{
			Train:   file(o.Train, orDefault(o.LimitTrain, o.Limit)),
			Dev:     file(o.Dev, orDefault(o.LimitDev, o.Limit)),
			Reading: o.Reading, ValFiles: file(o.ValFiles, 0), Stratify: o.Stratify,
		},
		Sources: places, Files: files, Components: o.keptComponents(r.System), Objectives: r.Options.Objectives,
		Models: modelSettings{
			Task:       roleSettings{orDefault(r.Models.Task.Name, o.Model), "", o.Params},
			Reflection: roleSettings{r.Models.Reflection.Name, o.ReflectionBaseURL, o.ReflectionParams},
			Judge:      roleSettings{r.Models.Judge.Name, o.JudgeBaseURL, o.JudgeParams},
			BaseURL:    o.BaseURL,
		},
		Feedback: o.feedback(), Template: orDefault(o.Template, propose.TemplateInstruction), Prompt: o.Prompt, Proposing: o.Proposing, Fence: o.fence(), Lint: o.lint(),
		Search: searchSettingsOf(r.Options),
		Budget: budgetSettings{
			Iterations: b.Proposals, Rollouts: b.Rollouts, Time: duration(b.Time), Target: b.TargetScore, Patience: b.NoImprovement,
			Nanos: o.Caps.Nanos, Tokens: o.Caps.Tokens, Calls: o.Caps.Calls,
		},
		Limits: limitSettings{
			Concurrency: o.Concurrency, MaxConcurrentCalls: o.MaxConcurrentCalls, RPM: o.RPM, TPM: o.TPM,
			Attempts: o.Attempts, CallTimeout: duration(o.CallTimeout), Cache: abs(o.Cache), NoCache: o.NoCache,
		},
		Replay: abs(o.Replay),
	}
	// The number of validation examples is kept as it was resolved.
	if n, err := strconv.Atoi(o.Val); (err == nil || o.Val == "") && o.ValFiles.Path == "" {
		s.Data.ValNumber = orDefault(n, len(r.Data.Validation))
	} else {
		s.Data.Val = abs(o.Val)
	}
	return s, errors.Join(errs...)
}

// encode returns the settings as a journal keeps them, for people to read.
func (s settings) encode(secrets []string) (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return "", err
	}
	return lm.Redact(out.String(), secrets...), nil
}

// decodeSettings reads what encode wrote.
func decodeSettings(text string) (settings, error) {
	var s settings
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal([]byte(text), &version); err != nil {
		return s, fmt.Errorf("its settings cannot be read: %w", err)
	}
	if version.Format < 1 || version.Format > settingsFormat {
		return s, fmt.Errorf("its settings have format %d and this program knows up to %d; update gepa", version.Format, settingsFormat)
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("its settings cannot be read: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("its settings cannot be read: there is more than one JSON value")
	}
	return s, nil
}

// optimize returns what the settings were made from, all resolved.
func (s settings) optimize() (Optimize, error) {
	train, err := s.Data.Train.source("train")
	if err != nil {
		return Optimize{}, err
	}
	dev, err := s.Data.Dev.source("dev")
	if err != nil {
		return Optimize{}, err
	}
	val, err := s.Data.ValFiles.source("val")
	if err != nil {
		return Optimize{}, err
	}
	o := Optimize{
		Program: s.Program, System: s.System, Metric: s.Metric, Reading: s.Data.Reading, Train: train, Dev: dev, Val: s.Data.Val, ValFiles: val, Stratify: s.Data.Stratify,
		Places: s.Sources, files: s.Files, components: s.Components, declaredObjectives: s.Objectives,
		LimitTrain: s.Data.Train.Limit, LimitDev: s.Data.Dev.Limit,
		Model: s.Models.Task.Name, ReflectionModel: s.Models.Reflection.Name, JudgeModel: s.Models.Judge.Name,
		BaseURL: s.Models.BaseURL, ReflectionBaseURL: s.Models.Reflection.BaseURL, JudgeBaseURL: s.Models.Judge.BaseURL,
		Params: s.Models.Task.Params, ReflectionParams: s.Models.Reflection.Params, JudgeParams: s.Models.Judge.Params,
		Attempts: s.Limits.Attempts, CallTimeout: time.Duration(s.Limits.CallTimeout),
		Cache: s.Limits.Cache, NoCache: s.Limits.NoCache,
		Caps: Caps{Nanos: s.Budget.Nanos, Tokens: s.Budget.Tokens, Calls: s.Budget.Calls},
		RPM:  s.Limits.RPM, TPM: s.Limits.TPM, MaxConcurrentCalls: s.Limits.MaxConcurrentCalls,
		Replay: s.Replay, Feedback: s.Feedback, Template: s.Template, Prompt: s.Prompt, Proposing: s.Proposing, Fence: s.Fence, Lint: s.Lint,
		Iterations: s.Budget.Iterations, Rollouts: s.Budget.Rollouts, Time: time.Duration(s.Budget.Time),
		Target: s.Budget.Target, Patience: s.Budget.Patience,
		Search:      s.Search.search(),
		Concurrency: s.Limits.Concurrency, Start: s.Start, Seed: s.Seed,
	}
	if o.Val == "" && o.ValFiles.Path == "" {
		o.Val = strconv.Itoa(s.Data.ValNumber)
	}
	return o, nil
}

func (f fileSettings) source(flag string) (Source, error) {
	switch {
	case f.BuiltIn == demoTrain:
		return DemoTrain(), nil
	case f.BuiltIn == demoDev:
		return DemoDev(), nil
	case f.BuiltIn != "":
		return Source{}, fmt.Errorf("its --%s is the built-in set %q, which this version of gepa does not have", flag, f.BuiltIn)
	}
	return Source{Path: f.Path, More: f.More, Reading: f.Reading}, nil
}
