module github.com/gepa-go/gepa

go 1.26

require (
	github.com/RealAlexandreAI/json-repair v0.0.18
	github.com/google/go-cmp v0.7.0
)
