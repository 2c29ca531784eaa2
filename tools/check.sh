#!/usr/bin/env bash
# The fast gate. It changes nothing: generated code and go.mod are compared in
# a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
fail=0
say() { printf '\n== %s\n' "$1" >&2; }
bad() { printf '%s\n' "$1" >&2; fail=1; }

say "gofmt"
unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || bad "run gofmt -w on: $unformatted"

say "go vet"
go vet -tags nortc ./... || fail=1

say "staticcheck"
go tool -modfile=tools/go.mod staticcheck -tags nortc ./... || fail=1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
git ls-files -co --exclude-standard -z | tar --null -T - -cf - --ignore-failed-read 2>/dev/null | tar -xf - -C "$tmp"

say "go mod tidy"
(cd "$tmp" && go mod tidy >/dev/null 2>&1 && diff -u "$root/go.mod" go.mod && diff -u "$root/go.sum" go.sum) || bad "go mod tidy changes go.mod or go.sum"

say "templates"
(cd "$tmp" && go tool -modfile=tools/go.mod templ generate >/dev/null 2>&1)
while IFS= read -r f; do
	diff -q "$f" "$tmp/$f" >/dev/null || bad "$f differs from its template: run make gen"
done < <(git ls-files '*_templ.go')

say "FHIR definitions"
go -C tools run ./fhirdefs -check || fail=1

say "import order"
go test -count=1 . || fail=1
exit $fail
