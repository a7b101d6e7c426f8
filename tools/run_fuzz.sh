#!/bin/bash
# Runs fuzz targets one after the other, each for the given seconds of CPU (60), over its seeds and
# what earlier runs found. Names after the seconds choose targets and their order (all).
#   tools/run_fuzz.sh [SECONDS [NAME...]]
# FUZZ_PREFIX is put before each program, e.g. "taskset -c 1 nice -n 19".
set -u
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift
names=("$@")
if [ ${#names[@]} = 0 ]; then
  for program in build/fuzz/bin/*_fuzz; do names+=("$(basename "$program" _fuzz)"); done
fi
ticks=$(getconf CLK_TCK)
failed=0

# CPU seconds that a process has used, or nothing once it is gone.
cpu_seconds() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  stat=${stat##*) }
  # shellcheck disable=SC2086 # fields 14 and 15 of proc(5), counted from behind the name
  set -- $stat
  [ "$1" = Z ] || echo $(((${12} + ${13}) / ticks))
}

for name in "${names[@]}"; do
  mkdir -p "build/fuzz/corpus/$name"
  seeds=()
  [ -d "fuzz/corpus/$name" ] && seeds=("fuzz/corpus/$name")
  dictionary=fuzz/jose.dict
  [ -f "fuzz/$name.dict" ] && dictionary=fuzz/$name.dict
  log=build/fuzz/$name.log
  # shellcheck disable=SC2086 # the prefix is several words
  ${FUZZ_PREFIX:-} "build/fuzz/bin/${name}_fuzz" -timeout=30 -rss_limit_mb=2048 -dict="$dictionary" \
    -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "${seeds[@]}" \
    >"$log" 2>&1 &
  pid=$!
  used=0
  while now=$(cpu_seconds "$pid") && [ -n "$now" ]; do
    used=$now
    # SIGUSR1 lets libFuzzer finish the unit at hand and print its sums.
    [ "$used" -ge "$seconds" ] && kill -USR1 "$pid"
    sleep 1
  done
  wait "$pid"
  code=$?
  if [ "$code" = 0 ]; then
    runs=$(grep -oE 'number_of_executed_units: [0-9]+' "$log" | grep -oE '[0-9]+')
    coverage=$(grep -oE 'cov: [0-9]+' "$log" | tail -1)
    echo "$name: $used s of CPU, ${runs:-0} runs, $coverage, no finding"
  else
    echo "$name: FINDING after $used s of CPU (exit code $code), see $log"
    failed=1
  fi
done
exit $failed
