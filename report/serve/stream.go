package serve

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report/view"
)

// A stream is one client's event stream. It keeps nothing for the client but
// what it was sent last: one that reads slowly gets what changed since, once.
type stream struct {
	wake chan struct{} // holds one token while there is something to send
}

// subscribe adds a stream to a feed and sees to it that the feed is followed.
func (s *Server) subscribe(f *feed, st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.streams[st] = struct{}{}
	if f.follower == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f.follower = &follower{cancel, make(chan struct{})}
		go f.follow(ctx, f.follower.ended)
	}
}

// unsubscribe ends that; the last stream ends the follower.
func (s *Server) unsubscribe(f *feed, st *stream) {
	s.mu.Lock()
	delete(f.streams, st)
	var following *follower
	if len(f.streams) == 0 {
		following, f.follower = f.follower, nil
	}
	s.mu.Unlock()
	if following != nil {
		following.stop()
	}
}

// open begins an event stream.
func (s *Server) open(w http.ResponseWriter) (close func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams >= s.MaxStreams {
		return nil, &httpError{http.StatusServiceUnavailable, "too many event streams are open"}
	}
	s.streams++
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.streams--
	}, nil
}

// send writes to a stream; a client that does not take it in time is given up.
func (s *Server) send(w http.ResponseWriter, data []byte) error {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(s.WriteTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	return c.Flush()
}

// after returns the position that a client has.
func after(r *http.Request) (view.Position, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("Last-Event-ID, or after, is no position")
	}
	return view.Position(n), nil
}

// streamRun sends what changes of a run.
func (s *Server) streamRun(w http.ResponseWriter, r *http.Request) error {
	position, err := after(r)
	if err != nil {
		return err
	}
	f, err := s.acquire(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer s.release(f)
	closeStream, err := s.open(w)
	if err != nil {
		return err
	}
	defer closeStream()
	st := &stream{wake: make(chan struct{}, 1)}
	// What is there now, so that the first answer waits for no follower.
	if _, err := f.step(r.Context(), time.Now()); err != nil {
		return err
	}
	s.subscribe(f, st)
	defer s.unsubscribe(f, st)
	st.wake <- struct{}{}
	heartbeat := time.NewTicker(s.Heartbeat)
	defer heartbeat.Stop()
	number := int64(0)
	for {
		var data []byte
		select {
		case <-r.Context().Done():
			return nil
		case <-s.done:
			return nil
		case <-heartbeat.C:
			data = []byte(": still here\n\n")
		case <-st.wake:
			f.mu.Lock()
			failed := f.unusual
			if failed == nil {
				data, position, failed = f.since(position, number)
				number = f.frame.number
			}
			f.mu.Unlock()
			if failed != nil {
				return s.sendError(w, failed)
			}
		}
		if len(data) == 0 {
			continue
		}
		if err := s.send(w, data); err != nil {
			return nil // it has gone, or does not read
		}
	}
}

// sendError ends a stream with what keeps it from going on.
func (s *Server) sendError(w http.ResponseWriter, failed error) error {
	var b events
	b.add("failure", map[string]string{"error": s.Redact(failed.Error())}, true)
	_ = s.send(w, b.Bytes())
	return nil
}

// streamRuns sends the lines of the list of runs as they change.
func (s *Server) streamRuns(w http.ResponseWriter, r *http.Request) error {
	closeStream, err := s.open(w)
	if err != nil {
		return err
	}
	defer closeStream()
	heartbeat := time.NewTicker(s.Heartbeat)
	defer heartbeat.Stop()
	sent := map[string]string{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-s.done:
			return nil
		case <-heartbeat.C:
			if err := s.send(w, []byte(": still here\n\n")); err != nil {
				return nil
			}
		case <-timer.C:
			lines, err := s.list(r.Context())
			if err != nil {
				return s.sendError(w, err)
			}
			data, err := news(lines, sent)
			if err != nil {
				return s.sendError(w, err)
			}
			if len(data) > 0 {
				if err := s.send(w, data); err != nil {
					return nil
				}
			}
			timer.Reset(listEvery)
		}
	}
}

// news returns the events for the lines that are not as they were sent.
func news(lines []view.RunLine, sent map[string]string) ([]byte, error) {
	var b events
	there := map[string]bool{}
	for _, line := range lines {
		there[line.ID] = true
		raw, err := gepa.EncodeValue(line)
		if err != nil {
			return nil, err
		}
		if sent[line.ID] != string(raw) {
			sent[line.ID] = string(raw)
			b.add("run", []view.RunLine{line}, true)
		}
	}
	for id := range sent {
		if !there[id] {
			delete(sent, id)
			b.add("gone", map[string]string{"id": id}, true)
		}
	}
	return b.Bytes(), b.err
}
