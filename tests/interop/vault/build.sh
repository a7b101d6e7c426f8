#!/bin/sh
# Makes build/interop/vault/vault-of-tests: the core, KV, transit and AppRole of HashiCorp Vault 1.13 (MPL 2.0)
# as a server of one node in memory. Needs Go and its module proxy, some 3 GiB and a few minutes, once.
set -eu
cd "$(dirname "$0")"
to=../../../build/interop/vault
mkdir -p "$to"
cp -r main.go go.mod nodiscover "$to"
cd "$to"
GOFLAGS=-mod=mod go build -ldflags "-s -w" -o vault-of-tests .
