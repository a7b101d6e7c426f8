#!/bin/bash
# Runs every test and ends with one line "N passed, N failed". Called by `make test`.
set -u
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
log=build/test-logs
mkdir -p "$log"
passed=0
failed=0
failures=()

# Adds the counts of a finished step; `$1` its name, `$2` its log, `$3` its exit code, `$4` passed, `$5` failed.
add() {
  passed=$((passed + $4))
  failed=$((failed + $5))
  if [ "$3" != 0 ] && [ "$5" = 0 ]; then failed=$((failed + 1)); fi
  if [ "$3" != 0 ] || [ "$5" != 0 ]; then
    failures+=("$1")
    echo "---- $1 (last lines of $2)"
    tail -40 "$2"
  fi
  echo "$1: $4 passed, $5 failed"
}

# Counts a GoogleTest program that has run; `$1` its name.
count() {
  local name=$1
  local ok bad
  ok=$(grep -aoE '^\[  PASSED  \] [0-9]+' "$log/$name.log" | grep -oE '[0-9]+$' || echo 0)
  bad=$(grep -aoE '^\[  FAILED  \] [0-9]+ test' "$log/$name.log" | grep -oE '[0-9]+' | head -1 || true)
  add "$name" "$log/$name.log" "$(cat "$log/$name.code")" "${ok:-0}" "${bad:-0}"
}

# A script that ends with "N passed, N failed".
script() {
  local name=$1
  shift
  "$@" >"$log/$name.log" 2>&1
  local code=$? line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log/$name.log" | tail -1)
  add "$name" "$log/$name.log" "$code" "$(echo "${line:-0 passed}" | grep -oE '^[0-9]+')" \
    "$(echo "${line:-0 passed, 0 failed}" | grep -oE '[0-9]+ failed' | grep -oE '[0-9]+')"
}

cmake --preset asan >"$log/asan-build.log" 2>&1 &&
  cmake --build --preset asan -j "$jobs" >>"$log/asan-build.log" 2>&1 || {
  tail -60 "$log/asan-build.log"
  echo "0 passed, 1 failed"
  exit 1
}
# As many at a time as there are cores; none of them asserts a time.
for program in build/asan/bin/*_test; do
  name=$(basename "$program")
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  { "$program" >"$log/$name.log" 2>&1; echo $? >"$log/$name.code"; } &
done
wait
for program in build/asan/bin/*_test; do count "$(basename "$program")"; done
script layers tools/check_layers_run.sh
script security-rows python3 tools/check_security_rows.py
script parsers python3 tests/parsers_check.py
script command-line python3 tests/cli/run_transcripts.py build/release/bin/signet
tools/setup_test.sh >"$log/setup-test.log" 2>&1 || cat "$log/setup-test.log"
script interop python3 tests/interop/run.py
script chaos python3 tests/chaos/run.py

[ ${#failures[@]} -gt 0 ] && printf 'failed: %s\n' "${failures[@]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
