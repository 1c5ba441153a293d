package propose

import (
	"context"
	"slices"
	"strings"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/lm"
)

// A question is what [ask] puts to a model.
type question struct {
	key      gepa.CallKey // Attempt is counted by ask
	model    lm.Model
	format   string
	messages []gepa.Message
	params   lm.Params
	repeat   int
	// read takes the text from a reply; its error is told to the model.
	read func(reply string) (string, error)
	// lint looks at a text that was read. What it returns, if not "", is why
	// the text is refused; it is told to the model. Nil looks at nothing.
	lint func(text string) string
	// form reminds the model of what a reply has to look like.
	form string
}

// An answer is a text, or the reason why there is none.
type answer struct {
	text    string
	refused string
}

// Why a reply is not even read. They are stored with the exchange, by which a
// resumed run knows what happened.
const (
	problemCut      = "it was cut off by the token limit"
	problemFiltered = "the provider withheld it"
	problemTools    = "it asked for a tool instead of answering"
)

// lintProblem begins the problem of a reply that could be read and whose text
// was refused. A resumed run knows by it what happened, without linting again.
const lintProblem = "its text was refused: "

// ask puts the question, every attempt through memo. A reply that was cut off
// by the caller's own limit is first tried again with twice the room; one that
// cannot be read gets one more attempt that is told what was wrong; and so
// does one whose text the linter refuses. That makes four attempts at most.
func ask(ctx context.Context, memo gepa.Memo, q question) (answer, error) {
	messages, params := q.messages, q.params
	roomier, repaired, linted := false, false, false
	for {
		call, err := memo.Do(ctx, q.key, func(ctx context.Context) (gepa.Call, error) {
			return q.call(ctx, messages, params)
		})
		if err != nil {
			return answer{}, err
		}
		problem := call.Exchange.Problem
		if problem == "" {
			text, err := q.read(call.Text())
			if err == nil {
				return answer{text: text}, nil
			}
			problem = err.Error()
		}
		q.key.Attempt++
		reasons, refused := strings.CutPrefix(problem, lintProblem)
		switch {
		case problem == problemCut && params.MaxTokens > 0 && !roomier:
			roomier = true
			params.MaxTokens *= 2
		case refused && !linted:
			linted = true
			q.messages = withReview(q.messages, call.Text(), reasons, q.form)
			messages = q.messages
		case !refused && !repaired:
			repaired = true
			messages = withNote(q.messages, problem, q.form)
		default:
			return answer{refused: "the reply could not be used: " + problem}, nil
		}
	}
}

// call makes one attempt.
func (q question) call(ctx context.Context, messages []gepa.Message, params lm.Params) (gepa.Call, error) {
	reply, err := q.model.Complete(ctx, lm.Request{Messages: messages, Params: params, Repeat: q.repeat})
	if err != nil {
		return gepa.Call{}, err
	}
	x := gepa.Exchange{Format: q.format, Messages: messages, Reply: reply.Text, Usage: reply.Usage}
	switch reply.Finish {
	case lm.FinishLength:
		x.Problem = problemCut
	case lm.FinishFiltered:
		x.Problem = problemFiltered
	case lm.FinishTools:
		x.Problem = problemTools
	case lm.FinishStop:
		x.Problem = q.problem(reply.Text)
	}
	return gepa.Call{Exchange: x}, nil
}

// problem says why a reply is not used.
func (q question) problem(reply string) string {
	text, err := q.read(reply)
	if err != nil {
		return err.Error()
	}
	if q.lint == nil {
		return ""
	}
	if reasons := q.lint(text); reasons != "" {
		return lintProblem + reasons
	}
	return ""
}

// withReview returns the conversation with a reply and why its text is
// refused after it.
func withReview(messages []gepa.Message, reply, reasons, form string) []gepa.Message {
	if bare, err := withoutThinking(reply); err == nil {
		reply = strings.TrimSpace(bare)
	}
	return append(slices.Clone(messages),
		gepa.Message{Role: "assistant", Content: reply},
		gepa.Message{Role: "user", Content: "This text cannot be used: " + reasons + ".\n\nWrite the whole text again so that this is no longer so, and keep what else is good in it. " + form})
}

// withNote returns the messages with a note on the refused reply after the
// last one. The reply itself is left out: it would be taken for an example.
func withNote(messages []gepa.Message, problem, form string) []gepa.Message {
	out := append([]gepa.Message(nil), messages...)
	last := &out[len(out)-1]
	var b strings.Builder
	b.WriteString(last.Content)
	b.WriteString("\n\nYour last reply to this could not be used: " + problem + ".")
	if problem == problemCut {
		b.WriteString(" Write less.")
	}
	b.WriteString(" " + form)
	last.Content = b.String()
	return out
}
