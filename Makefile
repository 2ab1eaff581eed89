# Bare `make` lists the targets. Scripts do the work; this file is the index of them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test build bench bench-candles bench-accounts torture torture-equities torture-keepa soak fuzz containers-test deploy-test install clean

# The package manager lets a target import one that it does not declare, unless told otherwise.
CHECKED := --explicit-target-dependency-import-check error

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install ## the demonstration: sandbox upstreams, private Postgres and Redis, the service on port 8080
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	@scripts/run

test: install ## all tests, warnings as errors, on private servers (real data where GAPLESS_REAL_DATA says)
	@scripts/test $(CHECKED)

build: install ## release build of the program, .build/release/gapless
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)

bench: ## benchmarks beside nginx and Hummingbird (BENCH_ROUNDS=1: quick; BENCH_GATE=1: missed gates fail; BENCH_WRITE=1: into docs)
	@scripts/install $$(scripts/packages bench)
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	swift build -c release --package-path Benchmarks/HummingbirdPeer
	@Benchmarks/bench

bench-candles: ## candles into the store beside COPY, gaps out of stored coverage, recounting (the same settings; CANDLE_ROWS: 1000000)
	@scripts/install $$(scripts/packages test)
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	@Benchmarks/candles

bench-accounts: ## plans for 10,000 accounts over a year, and hours into the store (the same settings; ACCOUNTS, DAYS)
	@scripts/install $$(scripts/packages test)
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	@Benchmarks/accounts

torture: ## the store against the truth under every fault and kill; months by themselves; bad clients (GAPLESS_REAL_DATA: more)
	@scripts/install $$(scripts/packages torture)
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	@code=0; \
	if [ -n "$${GAPLESS_REAL_DATA:-}" ]; then scripts/torture || code=1; \
	else echo "make torture: SKIPPED: scripts/torture, for GAPLESS_REAL_DATA names no folder with recorded upstream data"; fi; \
	scripts/torture-store || code=1; \
	scripts/torture-month || code=1; \
	scripts/torture-fleet || code=1; \
	scripts/torture-door || code=1; \
	scripts/torture-kraken || code=1; \
	scripts/torture-accounts || code=1; \
	scripts/torture-equities || code=1; \
	scripts/torture-keepa || code=1; \
	scripts/contract --program .build/release/gapless --seeds 5 --examples 200 || code=1; \
	exit $$code

torture-equities: ## of that the stocks alone: weeks with faults, splits and kills, plans against the least, the key's five a minute
	@scripts/install $$(scripts/packages torture)
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	@scripts/torture-equities

torture-keepa: ## of that the products alone: the truth under faults and kills, a week on few tokens, plans that change, one bucket
	@scripts/install $$(scripts/packages torture)
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	@scripts/torture-keepa

soak: ## half an hour at 300 requests a second with fetching: memory, descriptors, threads and sessions stay flat (SOAK_MINUTES)
	@scripts/install $$(scripts/packages torture)
	swift build -c release --static-swift-stdlib --product gapless $(CHECKED)
	@scripts/soak --minutes $${SOAK_MINUTES:-30}

containers-test: ## the image and the compose file built, run and attacked (wants Docker, or what CONTAINER_ENGINE names)
	@scripts/container-test

deploy-test: ## Prometheus rules, units and manifests of deploy/, each checked by its own tool where that is there
	@scripts/deploy-test

fuzz: install ## libFuzzer with AddressSanitizer over parsers and writers, FUZZ_SECONDS (60) for each target
	@scripts/fuzz

install: ## Debian packages for building, running and testing; starts no system server
	@scripts/install $$(scripts/packages test)

clean: ## remove what the build made; the demonstration's data stays
	rm -rf .build .build-fuzz Benchmarks/HummingbirdPeer/.build
