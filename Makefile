# The verbs of ocrkit. Everything installs what it needs; a machine with Go and Node is enough (demo needs only Go).

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
SOAK_TIME   ?= 10m
FUZZ_TIME   ?= 30s
# Packages with goroutines. Machines and their simulations have none, so that the race detector only slows them down.
RACE_PKGS    = $$(go list ./offchain ./offchain/runtime/... ./offchain/p2p/... ./offchain/store/... ./offchain/evm/... ./offchain/crypto/... \
               ./offchain/subprocesses/... | grep -vE '/(machine|p2p/wire|p2p/link|p2p/link/linksim)$$')
FORGE       := tools/forge

.PHONY: help demo e2e-processes generate test bench fuzz soak lint gas deps test-contracts test-typescript test-go test-race check-generated

help: ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

demo: ## a network of oracles on an embedded chain, real prices in, reports out (needs only Go)
	go run ./cmd/ocrnode devnet --oracles 4 --rounds 8

generate: node_modules/.package-lock.json ## build the contracts and regenerate everything that is generated
	go generate ./...

test: lint test-contracts check-generated test-typescript test-go test-race ## everything that CI runs

lint: ## formatting, vet, staticcheck
	@out=$$(gofmt -l $$(git ls-files -co --exclude-standard -- '*.go')); if [ -n "$$out" ]; then echo "gofmt these:"; echo "$$out"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...

deps: node_modules/.package-lock.json ## install the contract toolchain and the Go modules
	go mod download

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

test-contracts: node_modules/.package-lock.json ## contract tests: unit, fuzz, invariants, gas snapshots
	$(FORGE) fmt --check
	FOUNDRY_PROFILE=quick FORGE_SNAPSHOT_CHECK=true ./internal/forge-test.sh

gas: node_modules/.package-lock.json ## measure gas anew: writes snapshots/ and the tables of docs/gas.md, and prints these
	./internal/gas.sh

check-generated: node_modules/.package-lock.json ## fail if something generated is stale
	./internal/check-generated.sh

test-typescript: node_modules/.package-lock.json ## the generated TypeScript: types, and the vectors that the Go runs too
	node_modules/.bin/tsc --noEmit -p gen/typescript
	node_modules/.bin/tsc --noEmit -p test/typescript
	node_modules/.bin/vitest run --root test/typescript

test-go: node_modules/.package-lock.json ## all Go tests, end to end included
	go test -vet=off ./... # vet is part of lint

e2e-processes: node_modules/.package-lock.json ## a bootstrapper and four oracles as processes over TCP on anvil (part of make test)
	go test -count=1 -v ./test/e2e/processes

test-race: ## the concurrent packages under the race detector (which needs a C compiler)
	@if [ "$$(go env CGO_ENABLED)" = 1 ]; then \
	  go test -race -short -vet=off $(RACE_PKGS); \
	else \
	  echo "no C compiler, so no race detector: the packages run once more without it"; go test -count=1 $(RACE_PKGS); \
	fi

bench: ## measurements, each beside its baseline
	go test -run '^$$' -bench . -benchmem ./test/bench/... ./gen/... ./offchain/crypto/... ./offchain/evm/... ./offchain/p2p/... ./offchain/wire/... ./offchain/protocol/...

soak: node_modules/.package-lock.json ## the simulators, of OCR1, OCR2 and OCR3, for SOAK_TIME each (default 10m), then contract fuzzing in its long form
	SOAK_TIME=$(SOAK_TIME) go test -timeout 0 -run '^TestSoak$$' -p 1 -v ./offchain/sim ./offchain/sim/ocr1sim ./offchain/sim/ocr3sim
	FOUNDRY_PROFILE=soak $(FORGE) test

fuzz: ## every Go fuzz target for FUZZ_TIME (default 30s)
	@for pkg in $$(grep -rl --include='*_test.go' '^func Fuzz' . --exclude-dir=node_modules | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$pkg/*_test.go | sed 's/^func //' | sort -u); do \
	    echo "== $$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 10x $$pkg || exit 1; \
	  done; \
	done
