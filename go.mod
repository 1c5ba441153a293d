module github.com/gepa-go/gepa

go 1.26

require (
	github.com/google/go-cmp v0.7.0
	github.com/kaptinlin/jsonrepair v0.2.15
	go.uber.org/goleak v1.3.0
	pgregory.net/rapid v1.3.0
)

require github.com/go-json-experiment/json v0.0.0-20251027170946-4849db3c2f7e // indirect
