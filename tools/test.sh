#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that must hold: the gate, every test on SQLite and PostgreSQL, and
# the browser stories. Installs by apt what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\n### %s (%s s)\n' "$1" "$SECONDS" >&2; }

need() { # command or path, Debian package
	[ -e "$1" ] || command -v "$1" >/dev/null || missing+=("$2")
}
missing=()
need /usr/bin/chromium chromium
need /usr/lib/postgresql postgresql
need runuser util-linux
need git git
if [ ${#missing[@]} -gt 0 ]; then
	say "installing ${missing[*]}"
	sudo=$([ "$(id -u)" = 0 ] || echo sudo)
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-noto-core >&2
fi

say "assets"
tools/assets.sh
say "programs from outside to compare with"
npm ci --prefix tools/outside >&2
say "gate"
tools/check.sh

work=$(mktemp -d)
chmod 755 "$work"
trap 'tools/postgres.sh stop "$work/pg"; rm -rf "$work"' EXIT
MACH_TEST_POSTGRES=$(tools/postgres.sh start "$work/pg")
export MACH_TEST_POSTGRES

say "tests, both databases"
go test -timeout 15m $(go list ./... | grep -v '^mach/e2e')
say "race detector"
go test -short -race -tags nortc -timeout 10m ./store/... ./bus/...
# What is shared above the store is shared in Go: one database is enough.
MACH_TEST_POSTGRES='' go test -short -race -tags nortc -timeout 10m ./web/... ./access/... ./modules/...
MACH_TEST_POSTGRES='' go test -short -race -tags nortc -timeout 10m -run 'TestManyAtOnce' ./app
say "build"
go build -o bin/mach ./cmd/mach
say "browser stories"
MACH_BIN=$PWD/bin/mach go test -count=1 -timeout 12m ./e2e/...
say "all green"
