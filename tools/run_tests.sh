#!/bin/bash
# Runs every test and ends with one line "N passed, N failed". Called by `make test`. What was skipped is counted and named
# before that line; with SIGNET_NO_SKIPS=1 it counts as failed. What failed is named at the end too, so that the last lines
# of a log suffice to know it.
set -u
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
log=build/test-logs
mkdir -p "$log"
passed=0
failed=0
failures=()
failed_logs=()
skips=()

# Adds the counts of a finished step; `$1` its name, `$2` its log, `$3` its exit code, `$4` passed, `$5` failed.
add() {
  local skipped=() line="$1: $4 passed, $5 failed"
  mapfile -t skipped < <(python3 tools/count_skips.py "$2")
  if [ ${#skipped[@]} -gt 0 ]; then
    line+=", ${#skipped[@]} skipped: $(printf '%s; ' "${skipped[@]}")"
    skips+=("${skipped[@]/#/$1: }")
    if [ "${SIGNET_NO_SKIPS:-0}" = 1 ]; then
      failed=$((failed + ${#skipped[@]}))
      failures+=("$1 (skipped)")
    fi
  fi
  passed=$((passed + $4))
  failed=$((failed + $5))
  if [ "$3" != 0 ] && [ "$5" = 0 ]; then failed=$((failed + 1)); fi
  if [ "$3" != 0 ] || [ "$5" != 0 ]; then
    failures+=("$1")
    failed_logs+=("$1=$2")
    echo "---- $1 (last lines of $2)"
    tail -40 "$2"
  fi
  echo "${line%; }"
}

# Begins a step in the background, as many at a time as there are cores; `$1` its name, then the command.
begin() {
  local name=$1
  shift
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  { "$@" >"$log/$name.log" 2>&1; echo $? >"$log/$name.code"; } &
}

# Counts a GoogleTest program that has run; `$1` its name.
count_tests() {
  local name=$1 ok bad
  ok=$(grep -aoE '^\[  PASSED  \] [0-9]+' "$log/$name.log" | grep -oE '[0-9]+$' || echo 0)
  bad=$(grep -aoE '^\[  FAILED  \] [0-9]+ test' "$log/$name.log" | grep -oE '[0-9]+' | head -1 || true)
  add "$name" "$log/$name.log" "$(cat "$log/$name.code")" "${ok:-0}" "${bad:-0}"
}

# Counts a script that has run and ends with "N passed, N failed"; `$1` its name.
count_script() {
  local name=$1 line
  line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$log/$name.log" | tail -1)
  add "$name" "$log/$name.log" "$(cat "$log/$name.code")" "$(echo "${line:-0 passed}" | grep -oE '^[0-9]+')" \
    "$(echo "${line:-0 passed, 0 failed}" | grep -oE '[0-9]+ failed' | grep -oE '[0-9]+')"
}

# Runs such a script alone.
script() {
  local name=$1
  begin "$@"
  wait
  count_script "$name"
}

cmake --preset asan >"$log/asan-build.log" 2>&1 &&
  cmake --build --preset asan -j "$jobs" >>"$log/asan-build.log" 2>&1 || {
  tail -60 "$log/asan-build.log"
  python3 tools/name_failures.py "build=$log/asan-build.log"
  echo "0 passed, 1 failed"
  exit 1
}
tools/setup_test.sh >"$log/setup-test.log" 2>&1 || cat "$log/setup-test.log"
# The faults and the unit tests side by side: there no time is asserted closely. The peers alone: theirs are.
begin chaos env SIGNET_SHARED_CORES=1 python3 tests/chaos/run.py
for program in build/asan/bin/*_test; do begin "$(basename "$program")" "$program"; done
wait
for program in build/asan/bin/*_test; do count_tests "$(basename "$program")"; done
count_script chaos
script layers tools/check_layers_run.sh
script skips python3 tools/count_skips_test.py
script names python3 tools/name_failures_test.py
script security-rows python3 tools/check_security_rows.py
script parsers python3 tests/parsers_check.py
script command-line python3 tests/cli/run_transcripts.py build/release/bin/signet
script interop python3 tests/interop/run.py

[ ${#skips[@]} -gt 0 ] && printf 'skipped: %s\n' "${skips[@]}"
[ ${#failed_logs[@]} -gt 0 ] && python3 tools/name_failures.py "${failed_logs[@]}"
[ ${#failures[@]} -gt 0 ] && printf 'failed: %s\n' "${failures[@]}"
if [ ${#skips[@]} -gt 0 ]; then
  echo "$passed passed, $failed failed, ${#skips[@]} skipped, named above"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
