#!/usr/bin/env bash
# Runs each fuzz target for a while: scripts/fuzz.sh [TIME] [NAME]. What a target finds is written to its package's testdata, and belongs into the
# repository together with the repair.
set -uo pipefail
cd "$(dirname "$0")/.."
each=${1:-1m}
only=${2:-.*}
status=0

# ran_out OUTPUT: did the run end by its time alone? Up to Go 1.26 the end of -fuzztime is sometimes reported as a failure
# (go.dev/issue/75804); a finding always names a failing input, a panic or a hanging worker as well.
ran_out() {
  [ "$(grep -A1 '^--- FAIL' <<<"$1" | grep -vc '^--- FAIL')" = 1 ] && grep -A1 '^--- FAIL' <<<"$1" | grep -qx ' *context deadline exceeded' &&
    ! grep -qE 'Failing input|panic:|hung|terminated unexpectedly' <<<"$1"
}

while IFS=: read -r file target; do
  if [[ ! $target =~ ^($only)$ ]]; then continue; fi
  # A second is enough to shorten an input; without the bound a target of ten seconds may spend nine of them on shortening its first one.
  if ! out=$(go test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$each" -fuzzminimizetime 1s 2>&1) && ! ran_out "$out"; then
    status=1
    echo "$out"
    continue
  fi
  echo "$target: $(grep 'execs:' <<<"$out" | tail -n 1 | sed 's/^fuzz: //')"
done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' internal | sed 's/func //')
exit $status
