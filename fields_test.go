package gepa_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

func TestFieldsKeepOrderAndValues(t *testing.T) {
	const text = `{"b":1.0,"a":{"z":1,"y":[1e3,"<&>"]},"c":null}`
	var f gepa.Fields
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	out, err := gepa.EncodeValue(f)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(out)); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	if got := f.Text("b") + "|" + f.Text("c") + "|" + f.Text("absent"); got != "1.0||" {
		t.Errorf("texts %q", got)
	}
	g := f.Set("b", json.RawMessage(`2`))
	if f.Text("b") != "1.0" || g.Text("b") != "2" || len(g) != 3 {
		t.Error("Set must change a copy, in place")
	}
}

func TestFieldsRefuse(t *testing.T) {
	for _, bad := range []string{`[1]`, `{"a":1,"a":2}`, `{"a":}`, `{`, `1`} {
		var f gepa.Fields
		if err := json.Unmarshal([]byte(bad), &f); err == nil {
			t.Errorf("%s was accepted as %v", bad, f)
		}
	}
}

func TestExampleHash(t *testing.T) {
	one := gepa.Example{ID: "1", Inputs: gepa.NewFields("q", "x", "c", []string{"y"}), Labels: gepa.NewFields("a", 1)}
	same := gepa.Example{ID: "2", Inputs: gepa.Fields{{Name: "c", Value: json.RawMessage(`[ "y" ]`)}, {Name: "q", Value: json.RawMessage(`"x"`)}}, Labels: one.Labels}
	if one.Hash() != same.Hash() {
		t.Error("order and spacing changed the hash")
	}
	other := one
	other.Labels = gepa.NewFields("a", 2)
	if one.Hash() == other.Hash() {
		t.Error("another label has the same hash")
	}
	moved := gepa.Example{Inputs: one.Labels, Labels: one.Inputs}
	if one.Hash() == moved.Hash() {
		t.Error("labels for inputs have the same hash")
	}
}

func TestCandidate(t *testing.T) {
	c := gepa.Candidate{"b": "2", "a": "1"}
	d := c.With(map[string]string{"b": "3"})
	if c["b"] != "2" || d["b"] != "3" || d["a"] != "1" {
		t.Errorf("With changed %v into %v", c, d)
	}
	if c.Hash() == d.Hash() || c.Hash() != (gepa.Candidate{"a": "1", "b": "2"}).Hash() {
		t.Error("hashes do not follow the texts")
	}
	if !c.Equal(gepa.Candidate{"a": "1", "b": "2"}) || c.Equal(d) {
		t.Error("Equal does not follow the texts")
	}
}

func TestCost(t *testing.T) {
	tests := []struct {
		cost gepa.Cost
		want string
	}{
		{gepa.Cost{}, "$0"},
		{gepa.Cost{Nanos: 12_340_000}, "$0.0123"},
		{gepa.Cost{Nanos: 1}, "<$0.0001"},
		{gepa.Cost{Unknown: 3}, "unknown"},
		{gepa.Cost{Nanos: 2e9, Unknown: 3}, "$2.0000 + 3 calls of unknown price"},
	}
	for _, tt := range tests {
		if got := tt.cost.String(); got != tt.want {
			t.Errorf("%+v is %q, want %q", tt.cost, got, tt.want)
		}
	}
}

func TestFeedbackFor(t *testing.T) {
	f := gepa.Feedback{Text: "whole", ByComponent: map[string]string{"a": "own"}}
	if got := f.For("a"); got != "whole\nown" {
		t.Errorf("feedback for a is %q", got)
	}
	if got := f.For("b"); got != "whole" {
		t.Errorf("feedback for b is %q", got)
	}
}

func FuzzFields(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[{"c":null}]}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var fields gepa.Fields
		if json.Unmarshal(data, &fields) != nil {
			return
		}
		out, err := json.Marshal(fields)
		if err != nil {
			t.Fatalf("decoded but not encoded: %v", err)
		}
		var again gepa.Fields
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("encoded but not decoded again: %v\n%s", err, out)
		}
	})
}

// FuzzDecodeRecord: a journal from anywhere is refused or decoded, never a
// panic, and decoding loses nothing that encoding would write.
func FuzzDecodeRecord(f *testing.F) {
	f.Add("run", []byte(`{"format":1}`))
	f.Add("plan", []byte(`{"proposal":1,"kind":"reflect","parents":[0],"components":["a"],"examples":[1]}`))
	f.Add("rollout", []byte(`{"job":{"candidate":"x","example":"y"},"rollout":{"score":1}}`))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		e, err := gepa.DecodeRecord(gepa.Record{Kind: kind, Data: data})
		if err != nil {
			return
		}
		_ = gepa.NewState().Apply(e)
	})
}
