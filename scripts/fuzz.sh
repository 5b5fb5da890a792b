#!/usr/bin/env bash
# Runs each fuzz target for a while: scripts/fuzz.sh [TIME] [NAME]. What a target finds is written to its package's testdata, and belongs into the
# repository together with the repair.
set -uo pipefail
cd "$(dirname "$0")/.."
each=${1:-1m}
only=${2:-.*}
status=0
while IFS=: read -r file target; do
  if [[ ! $target =~ ^($only)$ ]]; then continue; fi
  out=$(go test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$each" 2>&1) || { status=1; echo "$out"; continue; }
  echo "$target: $(grep 'execs:' <<<"$out" | tail -n 1 | sed 's/^fuzz: //')"
  grep '^ok' <<<"$out"
done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' internal | sed 's/func //')
exit $status
