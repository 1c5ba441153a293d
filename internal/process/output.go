package process

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
)

// Lines calls fn with every line that r yields, without its end, and the last
// one also if nothing ends it. A line of more than limit bytes comes as its
// first limit bytes and cut = true. The line is only valid during the call.
func Lines(r io.Reader, limit int, fn func(line []byte, cut bool)) {
	br := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	cut := false
	for {
		part, err := br.ReadSlice('\n')
		if room := limit + 1 - len(line); len(part) > room {
			// One more than the limit is kept: it may be the line's end.
			cut = true
			part = part[:max(room, 0)]
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(line) > 0 {
			text := bytes.TrimSuffix(line, []byte("\n"))
			cut = cut || len(text) > limit
			text = bytes.TrimSuffix(text[:min(len(text), limit)], []byte("\r"))
			fn(text, cut)
		}
		if err != nil {
			return
		}
		line, cut = line[:0], false
		if cap(line) > 1<<20 {
			line = nil
		}
	}
}

// A Tail keeps the end of what is written to it. It is safe for concurrent use.
type Tail struct {
	mu    sync.Mutex
	limit int
	total int64
	kept  []byte
}

// NewTail returns a Tail of so many bytes.
func NewTail(limit int) *Tail { return &Tail{limit: limit} }

// Write keeps p, and forgets what is too old. It never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(p))
	t.kept = append(t.kept, p[max(0, len(p)-t.limit):]...)
	if len(t.kept) > 2*t.limit {
		t.kept = append([]byte(nil), t.kept[len(t.kept)-t.limit:]...)
	}
	return len(p), nil
}

// Total returns the number of bytes written so far, a position for Since.
func (t *Tail) Total() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

// Since returns what is kept of everything written after a position.
func (t *Tail) Since(position int64) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(t.total-position, int64(len(t.kept)), int64(t.limit))
	return strings.ToValidUTF8(string(t.kept[int64(len(t.kept))-max(n, 0):]), "\uFFFD")
}
