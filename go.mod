module github.com/gepa-go/gepa

go 1.26

require (
	github.com/RealAlexandreAI/json-repair v0.0.18
	github.com/cenkalti/backoff/v5 v5.0.3
	github.com/google/go-cmp v0.7.0
	github.com/sashabaranov/go-openai v1.43.0
	go.uber.org/goleak v1.3.0
	golang.org/x/sync v0.18.0
	pgregory.net/rapid v1.3.0
)
