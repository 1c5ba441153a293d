package serve_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/serve"
)

func TestWhoMayRead(t *testing.T) {
	w := &world{records: v2(t), status: report.StatusFinished}
	open := start(t, serve.Config{Library: w})
	locked := start(t, serve.Config{Library: w, Token: "secret-token"})
	for _, tt := range []struct {
		name, base, path string
		header           map[string]string
		want             int
	}{
		{"the list", open, "/api/runs", nil, 200},
		{"localhost by name", open, "/api/runs", map[string]string{"Host": "localhost:7333"}, 200},
		{"IPv6", open, "/api/runs", map[string]string{"Host": "[::1]:7333"}, 200},
		{"a name that was made to point here", open, "/api/runs", map[string]string{"Host": "evil.example"}, 403},
		{"the same for a page", open, "/", map[string]string{"Host": "localhost.evil.example:7333"}, 403},
		{"a script of another site", open, "/api/runs", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"a stream for another site", open, "/api/runs/x/events", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"a link from another site", open, "/runs/x", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
		{"no token", locked, "/api/runs", nil, 401},
		{"no token for a page", locked, "/", nil, 401},
		{"a wrong token", locked, "/api/runs", map[string]string{"Authorization": "Bearer secret-tokem"}, 401},
		{"a wrong cookie", locked, "/api/runs", map[string]string{"Cookie": "gepa_token="}, 401},
		{"the token", locked, "/api/runs", map[string]string{"Authorization": "Bearer secret-token"}, 200},
		{"the cookie, under any name of the host", locked, "/", map[string]string{"Cookie": "gepa_token=secret-token", "Host": "box.local:1"}, 200},
		{"the token in an API address", locked, "/api/runs?token=secret-token", nil, 401},
		{"no such run", open, "/api/runs/y", nil, 404},
		{"no such candidate", open, "/api/runs/x/candidates/900", nil, 404},
		{"no number", open, "/api/runs/x/candidates/-1", nil, 400},
		{"no such proposal", open, "/api/runs/x/proposals/0", nil, 404},
		{"no such example", open, "/api/runs/x/rollouts?candidate=0&example=99999", nil, 404},
		{"no such set", open, "/api/runs/x/rollouts?candidate=0&example=0&set=sealed", nil, 404},
		{"no key", open, "/api/runs/x/rollouts?key=%7B", nil, 400},
		{"no position", open, "/api/runs/x/events?after=now", nil, 400},
		{"nothing there", open, "/api/nothing", nil, 404},
		{"nothing to compare", open, "/api/compare?a=x", nil, 400},
		{"compare with none", open, "/api/compare?a=x&b=y", nil, 404},
		{"a page", open, "/runs/x/heatmap", nil, 200},
		{"no such asset", open, "/assets/other.js", nil, 404},
		{"a way up", open, "/assets/%2e%2e/%2e%2e/go.mod", nil, 404},
		{"what is no page", open, "/go.mod", nil, 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, h, body := ask(t, http.MethodGet, tt.base+tt.path, "", tt.header)
			if code != tt.want {
				t.Errorf("%d, want %d: %s", code, tt.want, body)
			}
			if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy %q", csp)
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", h)
			}
			if strings.Contains(body, "secret-token") {
				t.Errorf("the token is in the answer: %s", body)
			}
		})
	}
}

func TestTokenInThePageAddress(t *testing.T) {
	base := start(t, serve.Config{Library: &world{records: v2(t)}, Token: "secret"})
	code, h, _ := ask(t, http.MethodGet, base+"//evil.example/runs?token=secret", "", nil)
	if code != http.StatusSeeOther && code != http.StatusTemporaryRedirect && code != http.StatusMovedPermanently {
		t.Fatalf("code %d", code)
	}
	if to := h.Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "://") {
		t.Errorf("sent to %q", to)
	}
	code, h, _ = ask(t, http.MethodGet, base+"/runs/x?token=secret", "", nil)
	cookie := h.Get("Set-Cookie")
	if code != http.StatusSeeOther || h.Get("Location") != "/runs/x" {
		t.Errorf("%d, to %q", code, h.Get("Location"))
	}
	for _, want := range []string{"gepa_token=secret", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
}

func TestWhoMayChange(t *testing.T) {
	control := gepa.NewControl()
	w := &world{records: v2(t), status: report.StatusRunning}
	base := start(t, serve.Config{Library: w, Controls: func(id string) serve.Controls {
		if id != "x" {
			return nil
		}
		return control
	}})
	good := func(more ...string) map[string]string {
		h := map[string]string{"Content-Type": "application/json", "X-Gepa": "1"}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	for _, tt := range []struct {
		name, path, body string
		header           map[string]string
		want             int
	}{
		{"a form of another site", "/api/runs/x/pause", "{}", map[string]string{"Content-Type": "text/plain"}, 415},
		{"without the header", "/api/runs/x/pause", "{}", map[string]string{"Content-Type": "application/json"}, 403},
		{"another origin", "/api/runs/x/pause", "{}", good("Origin", "http://evil.example"), 403},
		{"an origin that is none", "/api/runs/x/pause", "{}", good("Origin", "null"), 403},
		{"another port of this machine", "/api/runs/x/pause", "{}", good("Origin", "http://127.0.0.1:1"), 403},
		{"another site, as the browser says", "/api/runs/x/pause", "{}", good("Sec-Fetch-Site", "cross-site"), 403},
		{"a link that somebody was sent", "/api/runs/x/pause", "{}", good("Sec-Fetch-Site", "none"), 403},
		{"not JSON", "/api/runs/x/pause", "{", good(), 400},
		{"two values", "/api/runs/x/pause", "{}{}", good(), 400},
		{"a field that is none", "/api/runs/x/pause", `{"by":1}`, good(), 400},
		{"another run", "/api/runs/y/pause", "{}", good(), 409},
		{"too much", "/api/runs/x/review", `{"action":"edit","texts":{"a":"` + strings.Repeat("x", 17<<20) + `"}}`, good(), 413},
		{"a review of a run at work", "/api/runs/x/review", `{"action":"approve"}`, good(), 409},
		{"an action that is none", "/api/runs/x/review", `{"action":"destroy"}`, good(), 400},
		{"a candidate that is none", "/api/runs/x/review", `{"action":"approve","candidate":99}`, good(), 404},
		{"an edit without texts", "/api/runs/x/review", `{"action":"edit"}`, good(), 400},
		{"a component that is none", "/api/runs/x/review", `{"action":"edit","texts":{"z":"x"}}`, good(), 400},
		{"a long name", "/api/runs/x/review", `{"action":"approve","by":"` + strings.Repeat("x", 101) + `"}`, good(), 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code, _, body := ask(t, http.MethodPost, base+tt.path, tt.body, tt.header); code != tt.want {
				t.Errorf("%d, want %d: %s", code, tt.want, body)
			}
			if control.Paused() {
				t.Fatal("the run was paused")
			}
		})
	}
	if code, _, body := ask(t, http.MethodGet, base+"/api/runs/x/pause", "", good()); code == 200 {
		t.Errorf("a GET changed something: %s", body)
	}
	for _, action := range []string{"pause", "resume", "stop"} {
		if code, _, body := ask(t, http.MethodPost, base+"/api/runs/x/"+action, "{}", good("Origin", base, "Sec-Fetch-Site", "same-origin")); code != 200 {
			t.Errorf("%s: %d %s", action, code, body)
		}
		if control.Paused() != (action == "pause") {
			t.Errorf("after %s: paused is %t", action, control.Paused())
		}
	}
	if !control.Stopping() {
		t.Error("stop did nothing")
	}
}
