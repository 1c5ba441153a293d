// Package cassette records the calls of a run in one readable file, and
// answers from such a file where there is no network and no key. The format is
// specified in docs/formats/cassette.md.
package cassette

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/atomicfile"
	"github.com/gepa-go/gepa/lm"
)

// formatVersion is the version of the file format.
const formatVersion = 1

// Options configure a [Recorder] or a [Player].
type Options struct {
	// Secrets are taken out wherever they occur, beside everything that looks
	// like a key; see [lm.Redact]. A player must be given the same as the
	// recorder if requests contain them.
	Secrets []string
}

// A Recorder gathers calls and writes them when it is closed. It is safe for
// concurrent use by any number of models.
type Recorder struct {
	path    string
	options Options

	mu     sync.Mutex
	calls  []call // in the order in which they ended
	models map[string]*modelEntry
}

// call is what happened. It is put into the form of the file only in the end,
// so that recording does not slow a run down.
type call struct {
	model   string
	request lm.Request
	reply   lm.Reply
	err     error
}

// NewRecorder returns a recorder that will write to path. The folder is
// checked now: a run must not find out at its end that it cannot be recorded.
func NewRecorder(path string, o Options) (*Recorder, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".cassette-*")
	if err != nil {
		return nil, fmt.Errorf("record: %w: the folder must exist and be writable", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &Recorder{path: path, options: o, models: map[string]*modelEntry{}}, nil
}

// Record returns a model that answers as m does and writes down what was asked
// and answered: replies, and failures as failures. What is not written is a
// call that was cancelled or that a spending cap refused, because a replay is
// cancelled and capped by itself.
func (r *Recorder) Record(m lm.Model) lm.Model {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.models[m.Name()]
	if known == nil {
		known = &modelEntry{Model: m.Name()}
		r.models[m.Name()] = known
	}
	for _, f := range lm.Features() {
		if lm.Supports(m, f) && !slices.Contains(known.Features, f) {
			known.Features = append(known.Features, f)
		}
	}
	return &recording{Model: m, recorder: r}
}

type recording struct {
	lm.Model
	recorder *Recorder
}

// Unwrap returns the model that is recorded.
func (r *recording) Unwrap() lm.Model { return r.Model }

func (r *recording) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	reply, err := r.Model.Complete(ctx, req)
	if err != nil && (ctx.Err() != nil || errors.Is(err, gepa.ErrBudget) || lm.AsError(err, "").Kind == lm.KindCancelled) {
		return reply, err
	}
	req.Messages, req.Params.Stop = slices.Clone(req.Messages), slices.Clone(req.Params.Stop) // the caller's
	lm.Tell(ctx, lm.PartRecord, slog.String("result", "recorded"))
	r.recorder.mu.Lock()
	defer r.recorder.mu.Unlock()
	r.recorder.calls = append(r.recorder.calls, call{r.Name(), req, reply, err})
	return reply, err
}

// entry is one call.
type entry struct {
	Model string `json:"model"`
	// Call counts the occurrences of an equal request from 0.
	Call    int          `json:"call"`
	Request gepa.Fields  `json:"request"`
	Reply   *gepa.Fields `json:"reply,omitempty"`
	Error   *failure     `json:"error,omitempty"`

	key string
}

// modelEntry says what a model can do, which shapes what it is asked.
type modelEntry struct {
	Model    string       `json:"model"`
	Features []lm.Feature `json:"features"`
}

// failure is an [lm.Error] in a file.
type failure struct {
	Kind     lm.Kind    `json:"kind"`
	Status   int        `json:"status,omitempty"`
	Words    string     `json:"words,omitempty"`
	Hint     string     `json:"hint,omitempty"`
	Attempts int        `json:"attempts,omitempty"`
	Usage    gepa.Usage `json:"usage,omitzero"`
}

// entry puts a call into the form of the file.
func (o Options) entry(c call) (e *entry, err error) {
	e = &entry{Model: c.model}
	if e.Request, err = o.fields(c.request); err != nil {
		return nil, fmt.Errorf("record a request: %w", err)
	}
	e.key = keyOf(e.Model, e.Request)
	if c.err == nil {
		c.reply.Latency = 0 // recordings of equal runs are equal
		fields, err := o.fields(c.reply)
		if err != nil {
			return nil, fmt.Errorf("record a reply: %w", err)
		}
		e.Reply = &fields
		return e, nil
	}
	f := lm.AsError(c.err, c.model)
	words := f.Words
	if words == "" && f.Err != nil {
		words = f.Err.Error()
	}
	e.Error = &failure{
		Kind: f.Kind, Status: f.Status, Attempts: f.Attempts, Usage: f.Usage,
		Words: lm.Redact(words, o.Secrets...), Hint: lm.Redact(f.Hint, o.Secrets...),
	}
	return e, nil
}

// keyOf returns what makes requests equal.
func keyOf(model string, request gepa.Fields) string {
	raw, err := request.MarshalJSON()
	if err != nil {
		panic("cassette: " + err.Error()) // it was made of JSON
	}
	return model + "\n" + string(raw)
}

// fields returns the fields of a request or a reply as they stand in a file:
// in the order of their declaration, names in lower case, those without a
// value left out, and without secrets.
func (o Options) fields(v any) (gepa.Fields, error) {
	raw, err := gepa.EncodeValue(v)
	if err != nil {
		return nil, err
	}
	if raw, err = o.redact(raw); err != nil {
		return nil, err
	}
	var all, out gepa.Fields
	if err := all.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	for _, f := range all {
		switch string(f.Value) {
		case "null", `""`, "0", "false", "{}", "[]":
			continue
		}
		out = append(out, gepa.Field{Name: strings.ToLower(f.Name), Value: f.Value})
	}
	return out, nil
}

// redact takes secrets out of every string within valid JSON. What looks like a
// key is looked for in strings, not in JSON, where quotes and escapes would
// hide it or be taken along.
func (o Options) redact(raw []byte) ([]byte, error) {
	var out []byte
	for len(raw) > 0 {
		begin := bytes.IndexByte(raw, '"')
		if begin < 0 {
			break
		}
		end := begin + 1
		for raw[end] != '"' {
			if raw[end] == '\\' {
				end++
			}
			end++
		}
		literal := raw[begin : end+1]
		text := string(literal[1 : len(literal)-1])
		if strings.IndexByte(text, '\\') >= 0 {
			if err := json.Unmarshal(literal, &text); err != nil {
				return nil, err
			}
		}
		out = append(out, raw[:begin]...)
		if clean := lm.Redact(text, o.Secrets...); clean != text {
			var err error
			if literal, err = gepa.EncodeValue(clean); err != nil {
				return nil, err
			}
		}
		out = append(out, literal...)
		raw = raw[end+1:]
	}
	return append(out, raw...), nil
}

// Close writes the file: in place of an older one, all at once or not at all.
// Recordings of equal runs are equal files, whatever the order in which their
// calls were made. More may be recorded after it; a further Close writes all.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := make([]*entry, len(r.calls))
	counts := map[string]int{}
	for i, c := range r.calls {
		var err error
		if entries[i], err = r.options.entry(c); err != nil {
			return err
		}
		key := entries[i].key
		entries[i].Call = counts[key]
		counts[key]++
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.Call, b.Call))
	})
	models := make([]modelEntry, 0, len(r.models))
	for _, m := range r.models {
		models = append(models, *m)
	}
	slices.SortFunc(models, func(a, b modelEntry) int { return strings.Compare(a.Model, b.Model) })
	var b bytes.Buffer
	if err := writeLine(&b, header{Cassette: formatVersion, Models: models}); err != nil {
		return err
	}
	for _, e := range entries {
		if err := writeLine(&b, e); err != nil {
			return err
		}
	}
	if err := atomicfile.Write(r.path, b.Bytes()); err != nil {
		return fmt.Errorf("write the cassette: %w", err)
	}
	return nil
}

// header is the first line of a file.
type header struct {
	Cassette int          `json:"cassette"`
	Models   []modelEntry `json:"models"`
}

func writeLine(b *bytes.Buffer, v any) error {
	line, err := gepa.EncodeValue(v)
	if err != nil {
		return fmt.Errorf("write the cassette: %w", err)
	}
	b.Write(append(line, '\n'))
	return nil
}

// reply decodes an entry's outcome.
func (e *entry) reply() (lm.Reply, error) {
	if e.Error != nil {
		return lm.Reply{}, &lm.Error{
			Kind: e.Error.Kind, Model: e.Model, Status: e.Error.Status, Words: e.Error.Words,
			Hint: e.Error.Hint, Attempts: e.Error.Attempts, Usage: e.Error.Usage,
		}
	}
	start := time.Now()
	raw, err := e.Reply.MarshalJSON()
	if err != nil {
		return lm.Reply{}, err
	}
	var reply lm.Reply
	err = json.Unmarshal(raw, &reply)
	reply.Latency = time.Since(start)
	return reply, err
}
