#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The fast gate. It changes nothing: generated code and go.mod are compared in
# a temporary folder. What is quick runs beside what is slow; vet goes before
# staticcheck, which then finds everything compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/tree" "$tmp/said"

formatted() {
	local list
	list=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
	[ -z "$list" ] || { echo "run gofmt -w on: $list"; return 1; }
}

building() { go test -count=1 .; } # import order, sizes, licences

definitions() { go -C tools run ./fhirdefs -check && go -C tools run ./fhirterms -check; }

copy() { git ls-files -co --exclude-standard -z | tar --null -T - -cf - --ignore-failed-read 2>/dev/null | tar -xf - -C "$tmp/tree"; }

tidy() { # go.mod and go.sum are as go mod tidy leaves them
	cd "$tmp/tree"
	go mod tidy >/dev/null 2>&1 && diff -u "$root/go.mod" go.mod && diff -u "$root/go.sum" go.sum || { echo "go mod tidy changes go.mod or go.sum"; return 1; }
}

templates() {
	local bad=0 f
	(cd "$tmp/tree" && go tool -modfile=tools/go.mod templ generate) >"$tmp/templ" 2>&1 || { cat "$tmp/templ"; return 1; }
	while IFS= read -r f; do
		cmp -s "$f" "$tmp/tree/$f" || { echo "$f differs from its template: run make gen"; bad=1; }
	done < <(git ls-files -co --exclude-standard '*_templ.go')
	return $bad
}

quick() { # one after another, so that the slow ones keep a core
	copy
	for step in formatted building definitions templates tidy; do
		(set +e; "$step") >"$tmp/said/$step" 2>&1 || touch "$tmp/said/$step.failed"
	done
}

quick &
quick=$!
fail=0
printf '\n== go vet\n' >&2
go vet -tags nortc ./... || fail=1
go vet ./rtc/media ./modules/telehealth || fail=1 # the media engine and its test, which nortc leaves out
go -C tools vet ./... || fail=1
go -C tools/units vet ./... || fail=1
printf '\n== staticcheck\n' >&2
go tool -modfile=tools/go.mod staticcheck -tags nortc ./... || fail=1
go tool -modfile=tools/go.mod staticcheck ./rtc/media || fail=1
printf '\n== scripts\n' >&2
go run -C tools ./assets -check || fail=1
wait "$quick" || fail=1
for step in formatted building definitions templates tidy; do
	printf '\n== %s\n' "$step" >&2
	[ -e "$tmp/said/$step" ] || { echo "did not run" >&2; fail=1; continue; }
	cat "$tmp/said/$step" >&2
	[ ! -e "$tmp/said/$step.failed" ] || fail=1
done
exit $fail
