#!/bin/bash
# Runs each fuzz target for the given seconds (60), over its seeds and what earlier runs found.
set -u
cd "$(dirname "$0")/.."
seconds=${1:-60}
failed=0
for program in build/fuzz/bin/*_fuzz; do
  name=$(basename "$program" _fuzz)
  mkdir -p "build/fuzz/corpus/$name"
  seeds=()
  [ -d "fuzz/corpus/$name" ] && seeds=("fuzz/corpus/$name")
  if "$program" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -dict=fuzz/jose.dict -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1; then
    echo "$name: $(grep -oE 'number_of_executed_units: [0-9]+' "build/fuzz/$name.log" | grep -oE '[0-9]+') runs, no finding"
  else
    echo "$name: FINDING, see build/fuzz/$name.log"
    failed=1
  fi
done
exit $failed
