// Package wire is what the providers share: how a key is found and a base URL
// checked, how one HTTP exchange is made and bounded, how an error response
// becomes a typed error in which no key is left, and how parameters that a
// model does not take are left out.
//
// The providers' libraries write the requests. Their HTTP client is an
// [Endpoint], which completes what the library wrote, keeps the whole response
// for the provider to decode, and gives the library an empty success: so no
// library retries, hides a header, or has an opinion about a response.
package wire

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/gepa-go/gepa/lm"
)

// Config is what users of every provider can set.
type Config struct {
	Model         string
	BaseURL       string
	KeyVar        string
	Getenv        func(string) string
	HTTPClient    *http.Client
	MaxReplyBytes int64
}

// A Preset is what is known of a provider.
type Preset struct {
	// Name is the first part of a model's name.
	Name string
	// Example is one of its models, for errors.
	Example string
	// BaseURL is where the API lives; "" if the user has to give it.
	BaseURL string
	// BaseURLVars are environment variables that override BaseURL, and KeyVars
	// those that may hold the key: the first that is set counts.
	BaseURLVars, KeyVars []string
	// KeyOptional is set where endpoints without a key are usual.
	KeyOptional bool
	// Local is set for servers on the user's own machines: a call costs
	// nothing.
	Local bool
	// Endings are the paths that users paste along with a base URL.
	Endings []string
	// Path is added to a base URL that has none.
	Path string
	// Like is a base URL of the right form, for errors.
	Like string
	// Found says what is found under a base URL, for errors.
	Found string
}

// An Endpoint is where one model is reached. It is safe for concurrent use.
type Endpoint struct {
	// Name is the model's full name, and Model the provider's name for it.
	Name, Model string
	// BaseURL is where the API lives, without a final slash.
	BaseURL string
	// Preset is the provider's.
	Preset Preset

	key      string
	keyVars  []string
	http     *http.Client
	maxReply int64
	learned  atomic.Uint32 // the parameters that the model does not take
}

const defaultMaxReplyBytes = 16 << 20

// Open returns the endpoint of a model. The key is read from the environment
// now; a missing one is an [*lm.Error] of KindAuth that names the variable.
func Open(c Config, p Preset) (*Endpoint, error) {
	provider, model := lm.ParseName(c.Model)
	if provider != p.Name || model == "" {
		return nil, fmt.Errorf("model %q: want %s/MODEL, for instance %q", c.Model, p.Name, p.Name+"/"+p.Example)
	}
	getenv := c.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	base, from := c.BaseURL, ""
	for _, name := range p.BaseURLVars {
		if base == "" {
			base, from = FirstSet(getenv, []string{name}), name
		}
	}
	if base == "" {
		base, from = p.BaseURL, ""
	}
	baseURL, err := checkBaseURL(base, p)
	if err != nil {
		return nil, &lm.BaseURLError{Model: c.Model, From: from, Missing: base == "", Err: err}
	}
	e := &Endpoint{
		Name: c.Model, Model: model, BaseURL: baseURL, Preset: p, keyVars: p.KeyVars,
		http: ownClient(c.HTTPClient), maxReply: c.MaxReplyBytes,
	}
	if e.maxReply <= 0 {
		e.maxReply = defaultMaxReplyBytes
	}
	if e.key, err = findKey(c, p, getenv); err != nil {
		return nil, err
	}
	if c.KeyVar != "" {
		e.keyVars = []string{c.KeyVar}
	}
	return e, nil
}

// Key returns the key; "" if there is none.
func (e *Endpoint) Key() string { return e.key }

// Close closes the connections that are idle.
func (e *Endpoint) Close() { e.http.CloseIdleConnections() }

func findKey(c Config, p Preset, getenv func(string) string) (string, error) {
	vars, optional := p.KeyVars, p.KeyOptional
	if c.KeyVar != "" {
		vars, optional = []string{c.KeyVar}, false
	}
	key := FirstSet(getenv, vars)
	if key == "" && !optional {
		return "", &lm.Error{Kind: lm.KindAuth, Model: c.Model, Words: missingKey(c.Model, vars)}
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		return "", &lm.Error{
			Kind: lm.KindAuth, Model: c.Model,
			Words: fmt.Sprintf("the key in the environment (%s) holds spaces or characters that no key has; copy it again", strings.Join(vars, ", ")),
		}
	}
	return key, nil
}

// FirstSet returns the value of the first variable that is set to more than
// white space.
func FirstSet(getenv func(string) string, vars []string) string {
	for _, v := range vars {
		if value := strings.TrimSpace(getenv(v)); value != "" {
			return value
		}
	}
	return ""
}

func missingKey(model string, vars []string) string {
	text := fmt.Sprintf("no key for %s: set the environment variable %s, for instance  export %s=…", model, vars[0], vars[0])
	if len(vars) > 1 {
		text += fmt.Sprintf("  (%s works, too)", strings.Join(vars[1:], " or "))
	}
	return text
}

// checkBaseURL returns the URL without a final slash or one of the preset's
// endings.
func checkBaseURL(base string, p Preset) (string, error) {
	if base == "" {
		return "", fmt.Errorf("no base URL: give the one under which %s is found, for instance %s", p.Found, p.Like)
	}
	u, err := url.Parse(base)
	if err != nil {
		// The error of url.Parse repeats the URL, which may hold a password.
		return "", errors.New("the base URL is not a URL; it should look like " + p.Like)
	}
	switch {
	case u.User != nil || u.RawQuery != "":
		return "", errors.New("the base URL holds a user, password or query; keys belong in the environment")
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return "", fmt.Errorf("base URL %q does not start with http:// or https:// and a host", base)
	}
	u.Fragment = ""
	checked := strings.TrimRight(u.String(), "/")
	for _, ending := range p.Endings {
		checked = strings.TrimSuffix(checked, ending)
	}
	if strings.Trim(u.Path, "/") == "" {
		checked += p.Path
	}
	return checked, nil
}

// ownClient returns a client that follows no redirect: a redirected POST would
// become a GET, or carry the prompt to another host.
func ownClient(given *http.Client) *http.Client {
	own := http.Client{}
	if given != nil {
		own = *given
	}
	if own.Transport == nil {
		if t, ok := http.DefaultTransport.(*http.Transport); ok {
			t = t.Clone()
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
			own.Transport = t
		}
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
