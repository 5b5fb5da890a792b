#!/usr/bin/env bash
# Installs what the tests need and the machine lacks, from Debian's packages. What is there already is left alone, and when all is
# there this takes no time and needs no rights. Without apt or without the rights it says what to install and fails.
#
#   scripts/need.sh          what `make test` needs
#   scripts/need.sh slow     and what `make slow` needs beside it
set -euo pipefail

missing=()

# need PACKAGE COMMAND…: the package is missing unless one of the commands is on the path.
need() {
  local package=$1 command
  shift
  for command in "$@"; do
    if command -v "$command" >/dev/null; then return; fi
  done
  missing+=("$package")
}

has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }
has_chinese_font() { command -v fc-list >/dev/null && [ -n "$(fc-list ':lang=zh-cn' family)" ]; }

has_postgres || missing+=(postgresql)
need chromium chromium chromium-browser google-chrome
need fontconfig fc-list
has_chinese_font || missing+=(fonts-noto-cjk)
need mosquitto-clients mosquitto_pub
need strace strace
if [ "${1:-}" = slow ]; then need gcc gcc clang; fi # the race detector is C

if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null || { [ ${#as_root[@]} -gt 0 ] && ! sudo -n true 2>/dev/null; }; then
  echo "The tests need these Debian packages, or the same by another name: ${missing[*]}" >&2
  echo "They could not be installed from here: that needs apt-get, and root or sudo without a password." >&2
  exit 1
fi

echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; }
if ! { install || { "${as_root[@]}" apt-get update && install; }; } >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  echo "installing failed; the tests need: ${missing[*]}" >&2
  exit 1
fi
