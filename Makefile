# The targets explain themselves: make help

.DEFAULT_GOAL := help
.PHONY: help verify build test race bars campaign lint cover fuzz-short generate search-bench coverage-long web web-check e2e terminal picture

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

verify: ## everything that CI checks
	.ci/run

build: ## the program, as one static binary in bin/
	@mkdir -p bin
	CGO_ENABLED=0 go build -tags gepa_full -trimpath -o bin/gepa ./cmd/gepa

test: ## all tests
	go test ./...

race: ## all tests under the race detector
	go test -race ./...

bars: ## what the demo and HotpotQA's files must improve, for ten seeds; runs of a thousand rollouts against failing providers
	GEPA_BARS=1 go test ./cmd/gepa ./config -run '^TestBar' -v -timeout 60m

campaign: ## kill real processes with SIGKILL, KILLS=200 times, and resume them
	KILLS=$${KILLS:-200} go test ./cmd/gepa -run '^TestCampaign$$' -count=1 -v -timeout 60m

lint: bin/golangci-lint ## golangci-lint with this repository's rules
	bin/golangci-lint run

bin/golangci-lint:
	GOBIN="$(CURDIR)/bin" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$$(sed -n 's/^golangci_version=//p' .ci/run)"

cover: ## coverage of the root and of program, with its limit
	.ci/cover

fuzz-short: ## every fuzz target for five hundred inputs
	.ci/fuzz 500x

terminal: ## gepa demo in a real terminal (tmux): its keys, what is on the screen, and afterwards
	.ci/terminal

picture: ## record the README's picture of gepa demo anew (tmux)
	.ci/terminal docs/images/terminal.svg

generate: ## write generated files anew
	go generate ./...

search-bench: ## compare search options anew and write the tables of docs/search.md
	go run ./internal/searchbench/cmd/searchbench -o docs/search.md

coverage-long: ## coverage of the statistical intervals, by long simulation
	go test ./stats -run Coverage -v -args -long

ui := report/web/ui

$(ui)/node_modules: $(ui)/package-lock.json
	cd $(ui) && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

web: $(ui)/node_modules ## build the dashboard's pages into report/web/dist
	cd $(ui) && npm run --silent build

web-check: ## type check and test the pages; fail if dist is not what they build to
	.ci/web check

e2e: ## look at every page with Chromium, and at a report file
	.ci/web e2e
