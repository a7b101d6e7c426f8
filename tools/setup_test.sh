#!/bin/sh
# What the interop tests need beside packages.txt: Node. (They install their own libraries under build/.)
set -eu
cd "$(dirname "$0")/.."
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || exec tools/install_packages.sh nodejs npm
