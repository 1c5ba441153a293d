package cassette

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/aymanbagabas/go-udiff"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A Player answers from a recording. It is safe for concurrent use by any
// number of models, which share its place in the recording.
type Player struct {
	path    string
	options Options
	models  []modelEntry
	entries []*entry
	calls   map[string][]*entry // by key, in the order of the calls

	mu   sync.Mutex
	next map[string]int // by key
}

// Open reads a recording. Errors name the file, the line and what is wrong.
func Open(path string, o Options) (*Player, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	p := &Player{path: path, options: o, calls: map[string][]*entry{}, next: map[string]int{}}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if err := p.read(number, line); err != nil {
			return nil, fmt.Errorf("replay: cassette %s, line %d: %w", path, number, err)
		}
	}
	if number == 0 {
		return nil, fmt.Errorf("replay: cassette %s is empty: its recording was perhaps interrupted, so record it again", path)
	}
	return p, nil
}

func (p *Player) read(number int, line []byte) error {
	if number == 1 {
		var h header
		if err := json.Unmarshal(line, &h); err != nil || h.Cassette == 0 {
			return errors.New("this is no cassette: its first line should say {\"cassette\":1,…}")
		}
		if h.Cassette != formatVersion {
			return fmt.Errorf("the format is %d and this program knows %d: update gepa", h.Cassette, formatVersion)
		}
		p.models = h.Models
		return nil
	}
	var compact bytes.Buffer // a file may have been edited by hand
	if err := json.Compact(&compact, line); err != nil {
		return err
	}
	e := &entry{}
	decoder := json.NewDecoder(&compact)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(e); err != nil {
		return err
	}
	if e.Reply != nil && e.Error != nil || e.Reply == nil && e.Error == nil {
		return errors.New("a call has either a reply or an error")
	}
	if e.Reply != nil {
		if _, err := e.reply(); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
	}
	e.key = keyOf(e.Model, e.Request)
	if want := len(p.calls[e.key]); e.Call != want {
		return fmt.Errorf("call is %d, want %d: equal requests are counted from 0", e.Call, want)
	}
	p.calls[e.key] = append(p.calls[e.key], e)
	p.entries = append(p.entries, e)
	return nil
}

// Models returns the names of the models in the recording, ascending.
func (p *Player) Models() []string {
	names := make([]string, len(p.models))
	for i, m := range p.models {
		names[i] = m.Model
	}
	slices.Sort(names)
	return names
}

// Left returns how many recorded calls were not played.
func (p *Player) Left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := len(p.entries)
	for _, n := range p.next {
		left -= n
	}
	return left
}

// Model returns the recorded model of that name. The n-th call of equal
// requests is answered as it was; any beyond those recorded is answered as the
// last, at no cost (Usage{Cached: 1}). A request that is not in the recording
// is an [*UnknownRequestError], marked by [gepa.Fatal].
func (p *Player) Model(name string) lm.Model { return &replayed{player: p, name: name} }

type replayed struct {
	player *Player
	name   string
}

var _ lm.Capable = (*replayed)(nil)

func (r *replayed) Name() string { return r.name }

// Supports reports what the recorded model supported, which shaped what it was
// asked.
func (r *replayed) Supports(f lm.Feature) bool {
	return slices.ContainsFunc(r.player.models, func(m modelEntry) bool {
		return m.Model == r.name && slices.Contains(m.Features, f)
	})
}

func (r *replayed) Complete(ctx context.Context, req lm.Request) (lm.Reply, error) {
	if err := ctx.Err(); err != nil {
		return lm.Reply{}, &lm.Error{Kind: lm.KindCancelled, Model: r.name, Err: err}
	}
	p := r.player
	request, err := p.options.fields(req)
	if err != nil {
		return lm.Reply{}, &lm.Error{Kind: lm.KindBadRequest, Model: r.name, Words: err.Error()}
	}
	key := keyOf(r.name, request)
	calls := p.calls[key]
	if len(calls) == 0 {
		return lm.Reply{}, &lm.Error{Kind: lm.KindOther, Model: r.name, Err: gepa.Fatal(p.unknown(r.name, request))}
	}
	p.mu.Lock()
	at := p.next[key]
	p.next[key] = min(at+1, len(calls))
	p.mu.Unlock()
	lm.Tell(ctx, lm.PartRecord, slog.String("result", "replayed"))
	if at < len(calls) {
		return calls[at].reply()
	}
	reply, err := calls[len(calls)-1].reply()
	if err != nil {
		e := lm.AsError(err, r.name)
		e.Usage = lm.Usage{}
		return lm.Reply{}, e
	}
	reply.Usage = lm.Usage{Cached: 1}
	return reply, nil
}

// An UnknownRequestError is a request that a recording does not hold.
type UnknownRequestError struct {
	// Path is the recording's file, Model the model that was asked.
	Path, Model string
	// Diff leads from the nearest recorded request to the one asked, as a
	// unified diff; "" if nothing was recorded of the model.
	Diff string
	// Known are the models that were recorded.
	Known []string
}

// Error shows the diff.
func (e *UnknownRequestError) Error() string {
	if e.Diff == "" {
		return fmt.Sprintf("cassette %s holds no call of %s, only of %s: record it with the same models", e.Path, e.Model, strings.Join(e.Known, ", "))
	}
	return fmt.Sprintf("cassette %s does not hold this request to %s: the program, its data or its options are not those that were recorded; the nearest recorded request differs by\n%s", e.Path, e.Model, e.Diff)
}

func (p *Player) unknown(model string, request gepa.Fields) *UnknownRequestError {
	e := &UnknownRequestError{Path: p.path, Model: model, Known: p.Models()}
	asked := readable(request)
	lines := map[string]int{}
	for line := range strings.Lines(asked) {
		lines[line]++
	}
	best, bestScore := "", -1<<62
	for _, other := range p.entries {
		if other.Model != model {
			continue
		}
		text := readable(other.Request)
		if score := likeness(lines, text); score > bestScore {
			best, bestScore = text, score
		}
	}
	if best != "" {
		e.Diff = shorten(udiff.Unified("recorded", "asked", best, asked))
	}
	return e
}

// likeness counts the bytes of the lines that a text shares with others, less
// those that it does not.
func likeness(lines map[string]int, text string) (score int) {
	seen := map[string]int{}
	for line := range strings.Lines(text) {
		if seen[line]++; seen[line] <= lines[line] {
			score += len(line)
		} else {
			score -= len(line)
		}
	}
	return score
}

// readable returns a request as text: messages with their lines, then the
// other fields.
func readable(request gepa.Fields) string {
	var b strings.Builder
	var messages []gepa.Message
	if raw, ok := request.Get("messages"); ok {
		_ = json.Unmarshal(raw, &messages) // what is not messages is shown below
	}
	for _, m := range messages {
		fmt.Fprintf(&b, "[%s]\n%s\n", m.Role, m.Content)
	}
	for _, f := range request {
		if f.Name != "messages" || messages == nil {
			fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
		}
	}
	return b.String()
}

// maxDiff bounds a diff in an error.
const maxDiff = 4000

func shorten(diff string) string {
	if len(diff) <= maxDiff {
		return diff
	}
	cut := strings.LastIndexByte(diff[:maxDiff], '\n') + 1
	return diff[:cut] + fmt.Sprintf("… and %d more bytes of differences\n", len(diff)-cut)
}
