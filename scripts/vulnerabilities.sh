#!/usr/bin/env bash
# Holds the libraries that the program really calls against the Go vulnerability database. Known ones fail; where the database cannot be reached it says so and
# fails nothing: then nobody has looked, and whoever can should.
set -uo pipefail
cd "$(dirname "$0")/.."
(cd tools && go build -buildvcs=false -o ../.build/govulncheck golang.org/x/vuln/cmd/govulncheck) || exit
out=$(.build/govulncheck ./cmd/... 2>&1)
status=$?
echo "$out"
if [ $status -ne 0 ] && grep -q 'fetching vulnerabilities' <<<"$out"; then
  echo "NOT CHECKED: the vulnerability database cannot be reached from here."
  exit 0
fi
exit $status
