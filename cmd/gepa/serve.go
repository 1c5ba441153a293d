package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/config"
	"github.com/gepa-go/gepa/lm"
	"github.com/gepa-go/gepa/report/serve"
	"github.com/gepa-go/gepa/report/web"
)

// defaultAddr is where the dashboard is, if that is free.
const defaultAddr = "127.0.0.1:7333"

// pages returns the dashboard's pages.
func pages() fs.FS { return web.FS() }

// dashboard says where the dashboard is served, and for whom.
type dashboard struct {
	addr  string
	fixed bool // another port will not do
	token string
	open  bool
}

func newServe() *cobra.Command {
	d := dashboard{addr: defaultAddr}
	var applyTo []string
	cmd := &cobra.Command{
		Use:   "serve [FOLDER]...",
		Short: "Show runs in the browser, live",
		Long: "Serves the dashboard of the runs in each FOLDER (.) and in the folders directly in it, those that are at work among them. " +
			"It listens on this machine alone; on any other address whoever asks needs a token, which is in the address that is " +
			"printed. It changes nothing but reviews, and texts if --apply-to says where they go. See docs/dashboard.md.",
		Example: "  gepa serve\n  gepa serve experiments --open\n  gepa serve --addr 0.0.0.0:7333",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			for _, dir := range args {
				if info, err := os.Stat(dir); err != nil || !info.IsDir() {
					return usagef("%s: there is no such folder", dir)
				}
			}
			d.fixed = cmd.Flags().Changed("addr")
			served, err := d.start(cmd, config.Library{Tops: args, ApplyTo: applyTo}, nil)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "dashboard  %s  (Ctrl-C ends it)\n", served.url)
			if d.open {
				openBrowser(cmd.Context(), served.url)
			}
			return served.wait()
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&d.addr, "addr", d.addr, "address to listen on; without this flag a free port is taken where the usual one is not")
	f.StringVar(&d.token, "token", os.Getenv("GEPA_TOKEN"), "what requests must know (on other addresses than this machine's a new one; GEPA_TOKEN)")
	f.BoolVar(&d.open, "open", false, "open it in the browser")
	f.StringArrayVar(&applyTo, "apply-to", nil, "where texts go that are applied in a review, as gepa apply --to has it; may be given several times")
	return cmd
}

// served is a dashboard that answers.
type served struct {
	url    string
	cancel context.CancelFunc
	ended  chan error
}

// start serves a library until the command's context ends, or the dashboard is
// stopped.
func (d dashboard) start(cmd *cobra.Command, library serve.Library, controls func(string) serve.Controls) (*served, error) {
	ctx := cmd.Context()
	l, err := d.listen(ctx)
	if err != nil {
		return nil, err
	}
	if !d.fixed && l.Addr().String() != d.addr {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s is taken, perhaps by another dashboard: a free port is used\n", d.addr)
	}
	loopback := isLoopback(l.Addr())
	if d.token == "" && !loopback {
		d.token = serve.NewToken()
	}
	secrets := config.Secrets(os.Getenv)
	s := serve.New(serve.Config{
		Library: library, Pages: pages(), Token: d.token, Controls: controls,
		Redact: func(text string) string { return lm.Redact(text, secrets...) },
		Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(ctx)
	out := &served{url: address(l.Addr(), d.token), cancel: cancel, ended: make(chan error, 1)}
	go func() {
		err := s.Serve(ctx, l)
		out.ended <- errors.Join(err, s.Close())
	}()
	return out, nil
}

// wait waits until the dashboard has ended.
func (s *served) wait() error {
	defer s.cancel()
	return <-s.ended
}

// stop ends the dashboard.
func (s *served) stop() error {
	s.cancel()
	return <-s.ended
}

// listen opens the port. One that is taken is an error only if it was asked
// for.
func (d dashboard) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", d.addr)
	if err == nil {
		return l, nil
	}
	if d.fixed {
		return nil, usagef("--addr %s: %v; give another port, or 0 for a free one", d.addr, err)
	}
	host, _, err := net.SplitHostPort(d.addr)
	if err != nil {
		return nil, err
	}
	return lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

func isLoopback(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && ap.Addr().IsLoopback()
}

// address is what to open in a browser.
func address(a net.Addr, token string) string {
	host := a.String()
	if ap, err := netip.ParseAddrPort(host); err == nil && ap.Addr().IsUnspecified() {
		name, err := os.Hostname()
		if err != nil {
			name = "localhost"
		}
		host = net.JoinHostPort(name, fmt.Sprint(ap.Port()))
	}
	u := url.URL{Scheme: "http", Host: host, Path: "/"}
	if token != "" {
		u.RawQuery = url.Values{"token": {token}}.Encode()
	}
	return u.String()
}

// openBrowser opens an address, if there is something to open it with; if not,
// it stands on the screen.
func openBrowser(ctx context.Context, address string) {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), name, args...) //nolint:gosec // the address is our own
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}

// uiMode says how long a run's dashboard is there: "" for none.
type uiMode string

const (
	uiRun  uiMode = "run"  // while the run is at work
	uiStay uiMode = "stay" // until Ctrl-C
)

func (m *uiMode) String() string { return string(*m) }
func (m *uiMode) Type() string   { return "run|stay" }

func (m *uiMode) Set(text string) error {
	if *m = uiMode(text); *m != uiRun && *m != uiStay {
		return fmt.Errorf("want run (while it works) or stay (until Ctrl-C), not %q", strings.TrimSpace(text))
	}
	return nil
}

// runDashboard is the dashboard of a run that this process performs. It is
// served from when somebody first asks for it. It is safe for concurrent use.
type runDashboard struct {
	cmd     *cobra.Command
	run     *config.Run
	library serve.Library

	mu     sync.Mutex
	served *served
}

// newRunDashboard returns the dashboard of a run that is open and has not
// begun.
func newRunDashboard(cmd *cobra.Command, run *config.Run) *runDashboard {
	if run.Options.Control == nil {
		run.Options.Control = gepa.NewControl()
	}
	return &runDashboard{cmd: cmd, run: run, library: run.Library()}
}

// start serves it, if it is not served yet, and returns its address.
func (d *runDashboard) start() (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.served != nil {
		return d.served.url, nil
	}
	places, err := d.library.Places(d.cmd.Context())
	if err != nil {
		return "", err
	}
	s, err := dashboard{addr: defaultAddr}.start(d.cmd, d.library, func(string) serve.Controls { return d.run.Options.Control })
	if err != nil {
		return "", err
	}
	if len(places) == 1 {
		s.url += "runs/" + url.PathEscape(places[0].ID)
	}
	d.served = s
	return s.url, nil
}

// open serves it and opens it in the browser.
func (d *runDashboard) open() (string, error) {
	address, err := d.start()
	if err == nil {
		openBrowser(d.cmd.Context(), address)
	}
	return address, err
}

// end ends it, if it was served: when the run has ended or, if it is to stay,
// when the user ends it.
func (d *runDashboard) end(how show) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.served == nil:
		return nil
	case how.ui == uiStay && d.cmd.Context().Err() == nil:
		fmt.Fprintf(d.cmd.ErrOrStderr(), "dashboard  %s stays until Ctrl-C\n", d.served.url)
		return d.served.wait()
	}
	return d.served.stop()
}
