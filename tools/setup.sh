#!/bin/sh
# Installs the packages of packages.txt that are missing. Says nothing when there are none.
set -eu
cd "$(dirname "$0")/.."
missing=""
for package in $(grep -v '^#' packages.txt); do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
echo "installing:$missing"
# shellcheck disable=SC2086
exec tools/install_packages.sh $missing
