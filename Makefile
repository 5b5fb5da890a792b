# demo needs only Go. test and slow install what they need on Debian (scripts/need.sh) and start their own PostgreSQL.

export CGO_ENABLED = 0

.PHONY: help demo build test slow race fuzz verify generate web mutants

help:
	@echo 'make demo      a city to look at, on http://127.0.0.1:8080'
	@echo 'make build     the program: ./twoweave'
	@echo 'make test      what every change must pass (10 minutes at most)'
	@echo 'make slow      races, crashes, long properties, fuzzing, linters, verify (30 minutes at most)'
	@echo 'make race      the race detector alone'
	@echo 'make fuzz      each fuzz target for a minute (scripts/fuzz.sh TIME NAME for one)'
	@echo 'make verify    are the generated files what their generators make?'
	@echo 'make generate  make them again'
	@echo 'make mutants   is each question to access missed when it is not asked? (half an hour)'
	@echo 'make web       bundle the screens into web/dist'

# The first build compiles some 900 packages; afterwards go run starts at once.
demo:
	@go build -v ./cmd/... 2>&1 | awk '/^[a-z].*\// {n++; if (n == 1) print "Building; the first time takes a few minutes."; printf "\r%d packages", n; fflush()} END {if (n) print ""}'
	go run ./cmd/twoweave demo

build:
	go build -o twoweave ./cmd/twoweave

test:
	@scripts/groups.sh test

slow:
	@scripts/groups.sh slow

race:
	@scripts/groups.sh slow race

fuzz:
	@scripts/fuzz.sh 1m

verify:
	@scripts/verify.sh

generate:
	@scripts/verify.sh write

web:
	cd tools && go run ./webbuild

mutants:
	cd tools && go run ./accessmutants
