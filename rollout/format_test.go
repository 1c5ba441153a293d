package rollout

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gepa-go/gepa"
)

// documented returns the JSON examples of the protocol's specification.
func documented(t *testing.T) map[string][][]byte {
	t.Helper()
	text, err := os.ReadFile("../docs/formats/worker.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][][]byte{}
	for _, block := range strings.Split(string(text), "```json\n")[1:] {
		body, _, _ := strings.Cut(block, "```")
		var kind struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal([]byte(body), &kind); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		out[kind.Type] = append(out[kind.Type], []byte(strings.TrimSpace(body)))
	}
	return out
}

// strictly decodes what has no field that is not specified.
func strictly(t *testing.T, data []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Errorf("%v in %s", err, data)
	}
}

// The specification's examples are what we write and read.
func TestSpecification(t *testing.T) {
	docs := documented(t)
	if len(docs[typeHello]) != 1 || len(docs[typeRollout]) != 1 || len(docs[typeReply]) != 3 {
		t.Fatalf("%d hellos, %d requests, %d replies: the specification has other examples than this test knows",
			len(docs[typeHello]), len(docs[typeRollout]), len(docs[typeReply]))
	}
	var hello Hello
	strictly(t, docs[typeHello][0], &hello)
	if err := hello.validate(); err != nil {
		t.Error(err)
	}
	if components, err := hello.components(nil); err != nil || len(components) != 2 {
		t.Errorf("components %v, %v", components, err)
	}
	var req Request
	strictly(t, docs[typeRollout][0], &req)
	if written, err := gepa.EncodeValue(req); err != nil || string(written) != string(docs[typeRollout][0]) {
		t.Errorf("we write %s, %v; the specification has %s", written, err, docs[typeRollout][0])
	}
	var reply Reply
	strictly(t, docs[typeReply][0], &reply)
	r, err := reply.rollout()
	if err != nil {
		t.Fatal(err)
	}
	want := gepa.Rollout{
		Score: 0.5, Output: gepa.NewFields("answer", "#003003"), Objectives: map[string]float64{"length": 7},
		Feedback: gepa.Feedback{Text: "The customer got the right number.", ByComponent: map[string]string{"format": "Leave out the zeros."}},
		Trace: []gepa.Step{{
			Component: "extract", Inputs: gepa.NewFields("message", "refund B3003 now"), Outputs: gepa.NewFields("number", "3003"),
			Exchanges: []gepa.Exchange{{Messages: []gepa.Message{{Role: "user", Content: "Find the last number.\nrefund B3003 now"}}, Reply: "3003"}},
		}},
		Usage: gepa.Usage{Calls: 2, InputTokens: 120, OutputTokens: 12, Cost: gepa.Cost{Nanos: 210_000}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	scoring := Scoring{}
	if r, err := scoring.rollout(t.Context(), gepa.Job{}, docs[typeReply][1]); err != nil || r.Problem != "KeyError: 'B3003'" {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := scoring.rollout(t.Context(), gepa.Job{}, docs[typeReply][2]); err == nil || gepa.UsageOf(err).Calls != 5 {
		t.Errorf("got %v", err)
	}
}
