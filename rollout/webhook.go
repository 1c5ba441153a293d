package rollout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gepa-go/gepa"
)

// WebhookOptions are the choices in [NewWebhook]. The zero value of every field
// but URL means its default.
type WebhookOptions struct {
	// URL is where requests are posted to. It is required.
	URL string
	// Secret signs the requests; see [Verify]. Defaults to none: requests are
	// not signed.
	Secret string
	// Header is added to the requests, for instance an Authorization.
	Header http.Header
	// Components declares the texts to optimize. Defaults to what the service
	// answers to a hello; where they are declared it is not asked.
	Components []gepa.Component
	// Scoring says how outputs become scores.
	Scoring Scoring
	// Concurrency is the most requests at once; others wait. Defaults to 16.
	Concurrency int
	// TimeLimit is how long one attempt may take. Defaults to ten minutes.
	TimeLimit time.Duration
	// Attempts is how often a request is posted that fails for reasons that
	// may pass. Defaults to 5.
	Attempts int
	// Pause is how long to wait before the second attempt; the pauses grow from
	// there to half a minute. Defaults to half a second.
	Pause time.Duration
	// Client makes the requests. Defaults to one that follows no redirects:
	// they would lose the body, or carry it to somebody else.
	Client *http.Client
}

// maxBody is the longest answer that is read, in bytes.
const maxBody = maxLine

// A Webhook is a system whose program is an HTTP service. It is safe for
// concurrent use. See [NewWebhook].
type Webhook struct {
	opts       WebhookOptions
	client     *http.Client
	hello      Hello
	components []gepa.Component
	slots      chan struct{}
}

// NewWebhook returns the system of an HTTP service, which it asks for its
// components if none are declared. ctx bounds that alone.
//
// Every rollout is a POST of the JSON object that a worker gets, with its
// answer for a worker's reply; docs/formats/worker.md has both. The header
// Idempotency-Key is the same for every attempt at one rollout, so that a
// service can answer a second one without doing the work twice.
//
// Status 429, 408 and 5xx but 501, a connection that fails, an answer that is
// not JSON, and no answer within the time limit are tried again, with growing
// pauses or as long as Retry-After says, and are then an error. Any other
// status but 200 is an error that ends the run. What a 200 says is taken as a
// worker's reply is, with the same failures of the program.
func NewWebhook(ctx context.Context, opts WebhookOptions) (*Webhook, error) {
	var errs []error
	u, err := url.Parse(opts.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		errs = append(errs, errors.New("webhook: URL is no address that begins with http:// or https://"))
	}
	if opts.Concurrency < 0 || opts.TimeLimit < 0 || opts.Attempts < 0 || opts.Pause < 0 {
		errs = append(errs, errors.New("webhook: Concurrency, TimeLimit, Attempts or Pause is negative"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	setDefault(&opts.Concurrency, 16)
	setDefault(&opts.TimeLimit, defaultTimeLimit)
	setDefault(&opts.Attempts, 5)
	setDefault(&opts.Pause, 500*time.Millisecond)
	w := &Webhook{opts: opts, client: opts.Client, slots: make(chan struct{}, opts.Concurrency)}
	if w.client == nil {
		w.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if len(opts.Components) == 0 {
		if err := w.ask(ctx); err != nil {
			return nil, fmt.Errorf("ask the service what it is: %w", err)
		}
	}
	if w.components, err = w.hello.components(opts.Components); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return w, nil
}

// ask gets the service's hello.
func (w *Webhook) ask(ctx context.Context) error {
	body, err := gepa.EncodeValue(Hello{Type: typeHello, Protocol: Protocol})
	if err != nil {
		return err
	}
	data, err := w.post(ctx, body, "")
	if err != nil {
		return err
	}
	if err := decode(data, &w.hello); err != nil {
		return fmt.Errorf("its hello cannot be read: %w", err)
	}
	return w.hello.validate()
}

// Components lists the service's texts.
func (w *Webhook) Components() []gepa.Component { return slices.Clone(w.components) }

// Hello returns what the service said of itself; nothing if it was not asked.
func (w *Webhook) Hello() Hello { return w.hello }

// Run posts a job. See [NewWebhook] for what becomes a rollout and what an
// error.
func (w *Webhook) Run(ctx context.Context, job gepa.Job) (gepa.Rollout, error) {
	candidate, err := texts(w.components, job.Candidate)
	if err != nil {
		return gepa.Rollout{}, err
	}
	sum := sha256.Sum256([]byte(job.Key().String()))
	key := hex.EncodeToString(sum[:16])
	body, err := gepa.EncodeValue(Request{
		Type: typeRollout, ID: key, Candidate: candidate, Example: w.opts.Scoring.visible(job.Example),
		Repeat: job.Repeat, TimeLimit: w.opts.TimeLimit.Seconds(),
	})
	if err != nil {
		return gepa.Rollout{}, gepa.Fatal(fmt.Errorf("encode the request: %w", err))
	}
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return gepa.Rollout{}, context.Cause(ctx)
	}
	data, err := w.post(ctx, body, key)
	if err != nil {
		return gepa.Rollout{}, err
	}
	if kind, id, _ := parseLine(data); kind != typeReply || id != key {
		return w.opts.Scoring.failed(fmt.Sprintf(`the answer is no reply to the request: want an object with "type":"reply" and the request's "id", got %s`, oneLine(string(data[:min(len(data), 200)]))), ""), nil
	}
	return w.opts.Scoring.rollout(ctx, job, data)
}

// post posts a body until it is answered, or that is hopeless.
func (w *Webhook) post(ctx context.Context, body []byte, key string) ([]byte, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = w.opts.Pause, 30*time.Second
	data, err := backoff.Retry(ctx, func() ([]byte, error) { return w.once(ctx, body, key) },
		backoff.WithBackOff(pauses), backoff.WithMaxTries(uint(w.opts.Attempts)), backoff.WithMaxElapsedTime(0))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("post to %s: %w", w.where(), err)
	}
	return data, nil
}

// where is the service's address without what may be secret in it.
func (w *Webhook) where() string {
	u, err := url.Parse(w.opts.URL)
	if err != nil {
		return "the service"
	}
	u.RawQuery, u.User = "", nil
	return u.String()
}

// once posts a body once. An error that trying again cannot cure is permanent.
func (w *Webhook) once(ctx context.Context, body []byte, key string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, w.opts.TimeLimit, fmt.Errorf("no answer within the time limit of %v", w.opts.TimeLimit))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.opts.URL, bytes.NewReader(body))
	if err != nil {
		return nil, backoff.Permanent(gepa.Fatal(err))
	}
	for name, values := range w.opts.Header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if w.opts.Secret != "" {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		req.Header.Set(HeaderTimestamp, now)
		req.Header.Set(HeaderSignature, sign(w.opts.Secret, now, body))
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, plainError(ctx, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read to its end, or is of no use
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, statusError(resp, data)
	case err != nil:
		return nil, plainError(ctx, err)
	case len(data) > maxBody:
		return nil, backoff.Permanent(gepa.Fatal(fmt.Errorf("the answer has more than %d bytes", maxBody)))
	case !json.Valid(data):
		return nil, fmt.Errorf("the answer is not JSON: %s", oneLine(string(data[:min(len(data), 200)])))
	}
	return data, nil
}

// plainError is a transport's error without the address, which may hold a
// secret.
func plainError(ctx context.Context, err error) error {
	var inner *url.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &inner):
		return inner.Err
	default:
		return err
	}
}

func statusError(resp *http.Response, body []byte) error {
	err := fmt.Errorf("status %s: %s", resp.Status, oneLine(string(body[:min(len(body), 300)])))
	switch code := resp.StatusCode; {
	case code == http.StatusNotImplemented:
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		if wait, ok := retryAfter(resp.Header.Get("Retry-After")); ok {
			return fmt.Errorf("%w (%w)", err, &backoff.RetryAfterError{Duration: wait})
		}
		return err
	case code >= 300 && code < 400:
		err = fmt.Errorf("status %s: the service is elsewhere; give the address it names (%s)", resp.Status, oneLine(resp.Header.Get("Location")))
	}
	return backoff.Permanent(gepa.Fatal(err))
}

// maxRetryAfter bounds how long a service may ask to be left alone.
const maxRetryAfter = 5 * time.Minute

// retryAfter reads the header: seconds, or a date.
func retryAfter(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return min(time.Duration(n)*time.Second, maxRetryAfter), true
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter), true
	}
	return 0, false
}
