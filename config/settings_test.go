package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/report"
)

// filled returns a value of a type with something in every field.
func filled(t *testing.T, typ reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(typ).Elem()
	if typ == reflect.TypeFor[json.RawMessage]() {
		v.SetBytes([]byte(`"some text"`))
		return v
	}
	switch typ.Kind() {
	case reflect.String:
		v.SetString("/some/text")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(filled(t, typ.Elem()).Addr())
	case reflect.Map:
		v.Set(reflect.MakeMap(typ))
		v.SetMapIndex(filled(t, typ.Key()), filled(t, typ.Elem()))
	case reflect.Slice:
		v.Set(reflect.Append(v, filled(t, typ.Elem())))
	case reflect.Struct:
		for i := range typ.NumField() {
			v.Field(i).Set(filled(t, typ.Field(i).Type))
		}
	default:
		t.Fatalf("what is a %s?", typ)
	}
	return v
}

// notKept are the fields of Optimize that are no part of a run's settings, or
// are kept in another one.
var notKept = []string{
	"Out", "Command", "Logger", "Control", "Observer", "Getenv", "Tracer", "resumed", "startedFrom", "spans", "measuring", // the session's own
	"Stdin", "files", "components", "declaredObjectives",
	"Record", // a recording holds the calls of one session
	"Prices", // the run's folder keeps a copy
	"Limit",  // in LimitTrain and LimitDev
	"Auto",   // in Rollouts
}

// Everything that is configured comes back from what a journal keeps, so that
// a field that is added later cannot be forgotten here.
func TestSettingsKeepEverything(t *testing.T) {
	var o Optimize
	v := reflect.ValueOf(&o).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i); !slices.Contains(notKept, f.Name) && !strings.Contains("Train Dev ValFiles", f.Name) {
			v.Field(i).Set(filled(t, f.Type))
		}
	}
	o.Train, o.Dev = Source{Path: "/data/train.jsonl", More: []string{"/data/more.jsonl"}}, DemoDev()
	o.ValFiles = Source{Path: "/data/val.csv", More: []string{"/data/val2.csv"}, Reading: Reading{Separator: ";"}}
	o.files = map[string]string{"/some/text": "an artefact"}
	o.System.Builtin = "" // it is Program
	r := &Run{
		Models: report.Models{Task: report.Model{Name: o.Model}, Reflection: report.Model{Name: o.ReflectionModel}, Judge: report.Model{Name: o.JudgeModel}},
	}
	r.Options.Budget = gepa.Budget{
		Proposals: o.Iterations, Rollouts: o.Rollouts, Time: o.Time, TargetScore: o.Target, NoImprovement: o.Patience,
	}
	o.options(&r.Options)
	s, err := o.settings(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeSettings(text)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	got, err := back.optimize()
	if err != nil {
		t.Fatal(err)
	}
	if got.Train.Path != o.Train.Path || !slices.Equal(got.Train.More, o.Train.More) || got.Dev.Path != o.Dev.Path || !bytes.Equal(got.Dev.Data, o.Dev.Data) {
		t.Errorf("the examples are those of %s and %s", got.Train.Path, got.Dev.Path)
	}
	if diff := cmp.Diff(o, got, cmpopts.IgnoreFields(Optimize{}, append(notKept, "Train", "Dev", "Search")...)); diff != "" {
		t.Errorf("(-configured +kept):\n%s", diff)
	}
}

// What a preset or a default meant when the run began is what it means later.
func TestSettingsKeepTheSearch(t *testing.T) {
	zero := 0
	for name, s := range map[string]Search{
		"everything": filled(t, reflect.TypeFor[Search]()).Interface().(Search),
		"nothing":    {},
		"preset":     {Preset: string(gepa.PresetRecommended)},
		"off":        {Preset: string(gepa.PresetRecommended), PerMember: &zero, Memory: &zero, Merges: &zero, Staged: &zero},
	} {
		var want, got gepa.Options
		s.options(&want)
		searchSettingsOf(want).search().options(&got)
		want, got = want.WithDefaults(), got.WithDefaults()
		if want.MaxMerges < 0 {
			want.MaxMerges = -1
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-configured +kept):\n%s", name, diff)
		}
	}
}

func TestSettingsRefuse(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":       {"{", "cannot be read"},
		"newer":         {`{"format":9}`, "format 9 and this program knows up to 3; update gepa"},
		"none":          {`{}`, "format 0"},
		"unknown field": {`{"format":1,"colour":"red"}`, `unknown field "colour"`},
		"two":           {`{"format":1}{"format":1}`, "cannot be read"},
		"bad duration":  {`{"format":1,"budget":{"time":"long"}}`, "long"},
	} {
		if _, err := decodeSettings(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestSettingsHoldNoKeys(t *testing.T) {
	const key = "Zq8xWv4711PlainKey"
	s := settings{Models: modelSettings{BaseURL: "https://user:" + key + "@host/v1", Task: roleSettings{Params: lm.Params{Stop: []string{key}}}}}
	text, err := s.encode([]string{key})
	if err != nil || strings.Contains(text, key) || !strings.Contains(text, "[redacted]") {
		t.Errorf("%v:\n%s", err, text)
	}
}
