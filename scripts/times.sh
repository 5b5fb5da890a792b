#!/usr/bin/env bash
# Prints the table of times that groups.sh wrote: run, group, seconds used, budget, verdict.
set -euo pipefail
{
  printf 'run\tgroup\tseconds\tbudget\tverdict\n'
  cat "$1"
  awk -F'\t' '{used += $3; budget += $4} END {printf "\tall\t%d\t%d\t\n", used, budget}' "$1"
} | awk -F'\t' '{printf "%-6s %-12s %8s %8s   %s\n", $1, $2, $3, $4, $5}'
