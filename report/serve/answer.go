package serve

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report/view"
)

// An httpError is an answer that says what is wrong with a request.
type httpError struct {
	code int
	text string
}

func (e *httpError) Error() string { return e.text }

func badRequest(text string) error { return &httpError{http.StatusBadRequest, text} }

// answers makes a handler of a function that answers a request within a time; 0
// is for one that sets its own deadlines.
func (s *Server) answers(answer func(http.ResponseWriter, *http.Request) error, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if within > 0 {
			// Where a connection has no deadlines, as in some tests, there is none.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(within + s.WriteTimeout))
			ctx, cancel := context.WithTimeout(r.Context(), within)
			defer cancel()
			r = r.WithContext(ctx)
		}
		if err := answer(w, r); err != nil {
			s.refuse(w, err)
		}
	})
}

// refuse answers with an error.
func (s *Server) refuse(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	var own *httpError
	var missing *view.NotFoundError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &own):
		code = own.code
	case errors.As(err, &missing), errors.Is(err, ErrNoRun):
		code = http.StatusNotFound
	case errors.As(err, &tooLarge):
		code = http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrBusy), errors.Is(err, ErrMoved):
		code = http.StatusConflict
	case errors.Is(err, ErrUnable):
		code = http.StatusUnprocessableEntity
	case errors.Is(err, context.Canceled):
		code = http.StatusServiceUnavailable
	default:
		s.Logger.Warn("a request failed", "error", s.Redact(err.Error()))
	}
	body, eerr := gepa.EncodeValue(map[string]string{"error": s.Redact(err.Error())})
	if eerr != nil {
		body = []byte(`{}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(body) // nobody is left to be told
}

// packFrom is the size from which on answers are compressed.
const packFrom = 4 << 10

// reply answers with a value as JSON.
func reply(w http.ResponseWriter, r *http.Request, value any) error {
	body, err := gepa.EncodeValue(value)
	if err != nil {
		return err
	}
	return replyJSON(w, r, body)
}

func replyJSON(w http.ResponseWriter, r *http.Request, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding")
	if len(body) < packFrom || !takesGzip(r) {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // who has gone needs no answer
		return nil
	}
	h.Set("Content-Encoding", "gzip")
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	_, _ = z.Write(body)
	_ = z.Close()
	return nil
}

func takesGzip(r *http.Request) bool {
	for kind := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if name, q, _ := strings.Cut(strings.TrimSpace(kind), ";"); name == "gzip" && strings.TrimSpace(q) != "q=0" {
			return true
		}
	}
	return false
}

// read decodes a request's body.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return badRequest("the body is not the JSON that is wanted: " + err.Error())
	}
	if d.More() {
		return badRequest("the body holds more than one value")
	}
	return nil
}

// getPage answers with a page, or what belongs to one. Every page is the same
// file: what it shows is in its address.
func (s *Server) getPage(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return &httpError{http.StatusMethodNotAllowed, "pages can only be read"}
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	asset := strings.HasPrefix(name, "assets/") || path.Ext(name) != "" && !strings.HasPrefix(name, "runs/")
	if !asset {
		name = "index.html"
	}
	body, err := fs.ReadFile(s.Pages, name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid):
		return &httpError{http.StatusNotFound, "there is no such page"}
	case err != nil:
		return err
	}
	h := w.Header()
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = http.DetectContentType(body)
	}
	h.Set("Content-Type", kind)
	if h.Set("Cache-Control", "no-cache"); strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable") // their names have hashes
	}
	h.Set("Vary", "Accept-Encoding")
	if len(body) >= packFrom && takesGzip(r) && (strings.HasPrefix(kind, "text/") || strings.Contains(kind, "javascript") || strings.Contains(kind, "svg")) {
		h.Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(body)
		_ = z.Close()
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}
