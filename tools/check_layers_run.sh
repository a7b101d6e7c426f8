#!/bin/sh
# What the sources alone can prove: the layers, and what coroutines take, each with the proof that a fault would be found, and that
# every reason is documented. Counted.
cd "$(dirname "$0")/.." || exit 1
if python3 tools/check_layers.py && python3 tools/check_layers_test.py && python3 tools/check_coroutines.py &&
  python3 tools/check_coroutines_test.py && python3 tools/check_reasons.py; then
  echo "5 passed, 0 failed"
else
  echo "0 passed, 1 failed"
  exit 1
fi
