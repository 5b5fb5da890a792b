#!/usr/bin/env bash
# Runs the groups of checks behind `make test` and `make slow`, each against its budget of seconds, and prints what each took.
#
#   scripts/groups.sh test|slow [GROUP…]
#
# A group that fails fails the run, but the others still run, so that one run shows all that is wrong. A group over its budget is reported
# and fails nothing: budgets are for a machine with two cores and a filled build cache. TWOWEAVE_TIMES, when set, names a file to which the
# times are added as well; .ci/run sums up with it.
set -uo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0

which=${1:?test or slow}
shift
wanted=("$@")
failed=()
times=$(mktemp)
trap 'rm -f "$times"' EXIT

# group NAME BUDGET COMMAND…
group() {
  local name=$1 budget=$2 begin=$SECONDS verdict=ok used
  shift 2
  if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
  echo "=== $name"
  if ! "$@" </dev/null; then
    verdict=FAILED
    failed+=("$name")
  fi
  used=$((SECONDS - begin))
  if [ "$used" -gt "$budget" ]; then verdict="$verdict, over budget"; fi
  printf '%s\t%s\t%d\t%d\t%s\n' "$which" "$name" "$used" "$budget" "$verdict" >>"$times"
}

sources=()
for folder in cmd internal test; do if [ -d "$folder" ]; then sources+=("$folder"); fi; done

# needs: packages of the machine, and the libraries, which otherwise announce themselves one by one.
needs() {
  scripts/need.sh "$@" || return
  local log
  log=$(go list -deps -test ./... 2>&1 >/dev/null) || { echo "$log" && return 1; }
}

formatted() {
  local files
  files=$(gofmt -l "${sources[@]}" tools) || return
  if [ -n "$files" ]; then echo "gofmt would change:" && echo "$files" && return 1; fi
}

# with_postgres COMMAND…: one PostgreSQL for all packages, stopped afterwards.
with_postgres() {
  CGO_ENABLED=0 go build -buildvcs=false -o .build/pgserver ./internal/platform/sqldb/sqldbtest/pgserver && .build/pgserver -- "$@"
}

# folders_with REGEXP NAMES: packages by what their sources say, so that no list has to be kept.
folders_with() { grep -rlE --include="$2" -- "$1" "${sources[@]}" | xargs -rn1 dirname | sort -u | sed 's,^,./,'; }

unit() {
  local all
  all=$(go list ./... | grep -v '/test/browser') || return
  with_postgres go test -timeout 9m $all
}

packs() { go run ./cmd/twoweave pack validate packs/*/ && go run ./cmd/twoweave pack test packs/*/; }
browser() { go test -timeout 10m -count=1 ./test/browser/...; }

# race takes the packages that start goroutines or guard what goroutines share; the rest has nothing to race for.
race() {
  local all
  all=$(folders_with '^[[:space:]]*go (func\(|[A-Za-z.]+\()|\.Go\(|"sync(/atomic)?"' '*.go' | grep -v -e '^./test/' -e '/pgserver$')
  CGO_ENABLED=1 with_postgres go test -race -timeout 15m $all
}

# long takes the packages with tests that wait for TWOWEAVE_SLOW: crashes, power cuts, long properties. The storm and the attacks measure and have the machine to themselves.
long() {
  local all
  all=$(folders_with 'TWOWEAVE_SLOW' '*_test.go' | grep -v -e '/archtest$' -e '/test/browser$' -e '/test/attack$') || return
  TWOWEAVE_SLOW=1 with_postgres go test -timeout 25m -count=1 $all
}

# attack measures as well.
attack() { TWOWEAVE_SLOW=1 go test -timeout 5m -count=1 -v ./test/attack; }

storm() { TWOWEAVE_SLOW=1 go test -timeout 25m -count=1 -v -run TestAStorm ./test/browser; }

static() { # the tools live in a module of their own, so that they never move the program's versions
  (cd tools && go build -buildvcs=false -o ../.build/staticcheck honnef.co/go/tools/cmd/staticcheck) && .build/staticcheck ./...
}

case $which in
test)
  group needs 120 needs
  group format 10 formatted
  group vet 200 go vet ./...
  group unit 300 unit
  group packs 30 packs
  group browser 200 browser
  ;;
slow)
  group needs 120 needs slow
  group race 500 race
  group long 700 long
  group attack 60 attack
  group storm 700 storm
  group fuzz 180 scripts/fuzz.sh 10s
  group staticcheck 120 static
  group vulnerabilities 60 scripts/vulnerabilities.sh
  group verify 60 scripts/verify.sh
  ;;
*)
  echo "scripts/groups.sh: $which is neither test nor slow" >&2
  exit 2
  ;;
esac

echo
scripts/times.sh "$times"
if [ -n "${TWOWEAVE_TIMES:-}" ]; then cat "$times" >>"$TWOWEAVE_TIMES"; fi
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
