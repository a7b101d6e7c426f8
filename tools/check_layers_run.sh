#!/bin/sh
# The layer check and the proof that it would find a fault, counted.
cd "$(dirname "$0")/.." || exit 1
if python3 tools/check_layers.py && python3 tools/check_layers_test.py; then
  echo "2 passed, 0 failed"
else
  echo "0 passed, 1 failed"
  exit 1
fi
