package lmtest

import (
	"net/http"
	"time"

	"github.com/gepa-go/gepa/lm"
)

// A Fault is one way in which a provider fails, and what a model has to make of
// it: an error of a kind, or a reply that is no answer.
type Fault struct {
	// Name says what goes wrong.
	Name string
	// Answer is what the server does.
	Answer Answer
	// Kind is the error's kind; "" means that the call gives a reply.
	Kind lm.Kind
	// RetryAfter is what the error says of the time to wait.
	RetryAfter time.Duration
	// NotTemporary is set where the provider says that trying again is no use,
	// though the kind speaks for it.
	NotTemporary bool
	// Finish, Text and Reasoning are the reply's.
	Finish          lm.Finish
	Text, Reasoning string
	// Slow is set if the call ends only by a time limit.
	Slow bool
}

// trickled is the pause between the bytes of a trickling body: longer than any
// time limit in the suite after a few of them.
const trickled = 20 * time.Millisecond

// huge is a size that no reply has; above what the providers of this module
// read by default.
const huge = 17 << 20

// Faults returns all faults, in a fixed order.
func Faults() []Fault {
	return append(append(refusals(), breakages()...), noAnswers()...)
}

func header(name, value string) http.Header {
	return http.Header{http.CanonicalHeaderKey(name): {value}}
}

// refusals are responses of another status than 200.
func refusals() []Fault {
	refuse := func(name string, status int, kind lm.Kind) Fault {
		return Fault{Name: name, Kind: kind, Answer: Answer{Status: status, Text: "refused on purpose"}}
	}
	with := func(f Fault, h http.Header, wait time.Duration) Fault {
		f.Answer.Header, f.RetryAfter = h, wait
		return f
	}
	final := with(refuse("503, x-should-retry: false", 503, lm.KindOverloaded), header("x-should-retry", "false"), 0)
	final.NotTemporary = true
	echo := refuse("401, echoing the key", http.StatusUnauthorized, lm.KindAuth)
	echo.Answer.Text, echo.Answer.EchoKey = "Incorrect API key provided: ", true
	long := refuse("400, too long", http.StatusBadRequest, lm.KindTooLong)
	long.Answer.Text = "prompt is too long: 210000 tokens > 200000 maximum"
	return []Fault{
		refuse("429", http.StatusTooManyRequests, lm.KindRateLimited),
		with(refuse("429, Retry-After", http.StatusTooManyRequests, lm.KindRateLimited), header("Retry-After", "7"), 7*time.Second),
		with(refuse("429, retry-after-ms", http.StatusTooManyRequests, lm.KindRateLimited), header("retry-after-ms", "1500"), 1500*time.Millisecond),
		refuse("500", http.StatusInternalServerError, lm.KindOverloaded),
		refuse("503", http.StatusServiceUnavailable, lm.KindOverloaded),
		refuse("529", 529, lm.KindOverloaded),
		final,
		refuse("408", http.StatusRequestTimeout, lm.KindTimeout),
		refuse("409", http.StatusConflict, lm.KindOverloaded),
		echo,
		refuse("402", http.StatusPaymentRequired, lm.KindQuota),
		refuse("404", http.StatusNotFound, lm.KindNotFound),
		refuse("400", http.StatusBadRequest, lm.KindBadRequest),
		long,
	}
}

// breakages are responses that do not arrive, or not as what they should be.
func breakages() []Fault {
	spent := Answer{Text: "some text that is lost", InputTokens: 11, OutputTokens: 5}
	broken := func(name string, kind lm.Kind, change func(*Answer)) Fault {
		f := Fault{Name: name, Kind: kind, Answer: spent}
		change(&f.Answer)
		return f
	}
	slow := func(f Fault) Fault {
		f.Slow = true
		return f
	}
	return []Fault{
		slow(broken("hang", lm.KindTimeout, func(a *Answer) { a.Hang = true })),
		slow(broken("slow trickle", lm.KindTimeout, func(a *Answer) { a.Trickle = trickled })),
		broken("connection reset", lm.KindConnection, func(a *Answer) { a.Reset = true }),
		broken("connection broken in the body", lm.KindConnection, func(a *Answer) { a.Truncate = true }),
		broken("truncated JSON", lm.KindMalformed, func(a *Answer) { a.HalfJSON = true }),
		broken("no choices", lm.KindMalformed, func(a *Answer) { a.NoChoices = true }),
		broken("huge body", lm.KindMalformed, func(a *Answer) { a.Pad = huge }),
		broken("web page", lm.KindNotFound, func(a *Answer) {
			a.Body, a.Header = "<!doctype html><title>Sign in</title>", header("Content-Type", "text/html")
		}),
		broken("web page with 503", lm.KindOverloaded, func(a *Answer) {
			a.Status, a.Body, a.Header = 503, "<html>busy</html>", header("Content-Type", "text/html")
		}),
	}
}

// noAnswers are complete replies, some of which do not answer.
func noAnswers() []Fault {
	reply := func(name string, a Answer, finish lm.Finish, text, reasoning string) Fault {
		a.InputTokens, a.OutputTokens = 11, 5
		return Fault{Name: name, Answer: a, Finish: finish, Text: text, Reasoning: reasoning}
	}
	return []Fault{
		reply("out-of-order fields", Answer{Text: "fine", Shuffle: true}, lm.FinishStop, "fine", ""),
		reply("cut reply", Answer{Text: "Once upon a", Finish: "length"}, lm.FinishLength, "Once upon a", ""),
		reply("filtered", Answer{Finish: "content_filter"}, lm.FinishFiltered, "", ""),
		reply("empty", Answer{}, lm.FinishStop, "", ""),
		reply("a tool call only", Answer{Tool: "search", Text: `{"q":1}`}, lm.FinishTools, "", ""),
		reply("thinking reported", Answer{Text: "answer", Reasoning: "hm"}, lm.FinishStop, "answer", "hm"),
		reply("thinking in the text", Answer{Text: "<think>\nhm\n</think>\n\nanswer"}, lm.FinishStop, "answer", "hm"),
		reply("thinking without an end", Answer{Text: "<think>\nhm, let me see"}, lm.FinishLength, "", "hm, let me see"),
		reply("thinking cut off", Answer{Text: "<think>\nhm", Finish: "length"}, lm.FinishLength, "", "hm"),
	}
}
