#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every Fuzz function for FUZZTIME (20s), one after another. What one finds
# stands in its package's testdata/fuzz, and is tried by go test from then on.
# An input worth keeping is made smaller for a second, not for Go's minute, in
# which nothing else would be tried.
# A first argument that is a folder: only those below it. Others are for go test.
set -euo pipefail
cd "$(dirname "$0")/.."
below=.
[ ! -d "${1:-}" ] || { below=$1; shift; }
found=()
while IFS=: read -r file name <&3; do
	folder=$(dirname "$file") name=${name#func }
	printf '\n== %s %s\n' "$folder" "$name" >&2
	go test -vet=off -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-20s}" -fuzzminimizetime 1s "$@" "./$folder" || found+=("$folder $name")
done 3< <(grep -roE --include='*_test.go' --exclude-dir=node_modules '^func Fuzz\w+' "$below" | sort)
[ ${#found[@]} = 0 ] || { printf 'failed: %s\n' "${found[@]}" >&2; exit 1; }
