package serve

import (
	"crypto/subtle"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// cookie is the name under which a browser keeps the token.
const cookie = "gepa_token"

// policy is what pages may do: use their own scripts and styles, and ask this
// server.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses requests that are not for this server, or from elsewhere, or
// without the token.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		api := strings.HasPrefix(r.URL.Path, "/api/")
		switch site := r.Header.Get("Sec-Fetch-Site"); {
		case s.Token == "" && !local(r.Host):
			// A name that an attacker makes point here (DNS rebinding).
			s.refuse(w, &httpError{http.StatusForbidden, "this server answers to localhost alone"})
			return
		case api && site != "" && site != "same-origin" && site != "none":
			s.refuse(w, &httpError{http.StatusForbidden, "a request from another site"})
			return
		case s.Token != "" && !s.knows(w, r):
			return
		}
		next.ServeHTTP(w, r)
	})
}

// local reports whether a Host header names this machine by itself.
func local(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// knows reports whether a request has the token. A page that is asked for with
// it in the address is sent back to the address without it, and keeps it as a
// cookie; for this and for a refusal, knows answers the request.
func (s *Server) knows(w http.ResponseWriter, r *http.Request) bool {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && s.isToken(given) {
		return true
	}
	if c, err := r.Cookie(cookie); err == nil && s.isToken(c.Value) {
		return true
	}
	if given := r.URL.Query().Get("token"); s.isToken(given) && r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: given, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // without Secure: the connection is not encrypted
		to := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/")}                                                              // never to another host
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to.EscapedPath(), http.StatusSeeOther)
		return false
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="gepa"`)
	s.refuse(w, &httpError{http.StatusUnauthorized, "the token is missing or wrong: open the address that gepa serve printed"})
	return false
}

func (s *Server) isToken(given string) bool {
	return given != "" && subtle.ConstantTimeCompare([]byte(given), []byte(s.Token)) == 1
}

// changes lets a request through to what it changes if it comes from the pages
// themselves, which alone can set the header and know the origin.
func (s *Server) changes(next func(http.ResponseWriter, *http.Request) error, within time.Duration) http.Handler {
	return s.answers(func(w http.ResponseWriter, r *http.Request) error {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case err != nil || kind != "application/json":
			return &httpError{http.StatusUnsupportedMediaType, "want Content-Type: application/json"}
		case r.Header.Get("X-Gepa") != "1":
			return &httpError{http.StatusForbidden, "want the header X-Gepa: 1"}
		case !sameOrigin(r):
			return &httpError{http.StatusForbidden, "a request from another site"}
		}
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(replyWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		return next(w, r)
	}, within)
}

// sameOrigin reports whether a request comes from a page of this server, or
// from no page.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}
