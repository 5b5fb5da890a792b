#!/usr/bin/env bash
# Makes every generated file again and compares it with the committed one; `scripts/verify.sh write` puts the new ones in place.
# Each generator is one line below. Also: both modules name exactly the libraries that they use.
set -uo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
mode=${1:-check}
status=0
new=$(mktemp)
trap 'rm -f "$new"' EXIT

differs() {
  echo "verify: $1 is not what its generator makes; run: make generate"
  status=1
}

# made FILE COMMAND…: FILE is the command's output.
made() {
  local file=$1
  shift
  if ! "$@" >"$new"; then
    echo "verify: the generator of $file failed: $*"
    status=1
  elif [ "$mode" = write ]; then
    cp "$new" "$file"
  else
    cmp -s "$new" "$file" || differs "$file"
  fi
}

tool() { (cd tools && go run "$@"); }

# tidy FOLDER: go.mod and go.sum are what the sources ask for.
tidy() {
  if [ "$mode" = write ]; then (cd "$1" && go mod tidy); else (cd "$1" && go mod tidy -diff) || differs "$1/go.mod"; fi
}

made docs/cli.md go run ./cmd/twoweave help --markdown
made docs/openapi.json go run ./cmd/twoweave help --openapi
made docs/casework.md go run ./cmd/twoweave help --casework
made docs/incidents.md go run ./cmd/twoweave help --incidents
made packs/pudong/areas.yaml tool ./citymap
made packs/pudong/units.yaml tool ./citymap -units
made packs/pudong/grids.yaml tool ./citymap -grids
made packs/pudong/roster.yaml tool ./citymap -roster
if [ "$mode" = write ]; then tool ./webbuild || status=1; else tool ./webbuild -check || differs web/dist; fi
tidy .
tidy tools
exit $status
