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
need /usr/lib/R/site-library/surveillance r-cran-surveillance # brings R: 12 s of CPU on a fresh machine, about a minute
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

# Databases lie in memory where there is room: no test cuts the power, and what
# a killed process had written stays with the kernel. What is compiled does not.
export GOTMPDIR=${TMPDIR:-/tmp}
kib() { df -kP /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}'; awk '/^MemAvailable/ {print $2}' /proc/meminfo 2>/dev/null; }
[ "$(kib | awk '$1 >= 8 * 1024 * 1024' | wc -l)" -lt 2 ] || export TMPDIR=/dev/shm # both say 8 GiB
work=$(mktemp -d)
chmod 755 "$work"
trap 'tools/postgres.sh stop "$work/pg"; rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
MACH_TEST_POSTGRES=$(tools/postgres.sh start "$work/pg")
export MACH_TEST_POSTGRES

# beside runs commands beside each other, and fails when one does.
beside() {
	local one failed=0 all=()
	for one in "$@"; do
		$one &
		all+=($!)
	done
	for one in "${all[@]}"; do
		wait "$one" || failed=1
	done
	return $failed
}
try() { go test -vet=off "$@"; } # the gate has vetted everything

# What compares with suites and programs from outside is run apart, to print counts.
outside='(Golden|Suites?|OfficialExamples|ExamplesAreValid|AgainstFHIRPathJS|Kit|Medplum|BesideR|PrefilledFromTheDemonstration)$'
say "tests, both databases"
# The longest first, so that none is alone at the end; more at once than there
# are cores, since much of them is waiting for processes and clocks.
long='mach/store mach/app mach/modules/detection mach/cmd/mach mach/modules/surveillance mach/access'
rest=$(go list ./... | grep -v '^mach/e2e' | grep -vxF "${long// /$'\n'}")
try -p $(($(nproc) + 2)) -timeout 20m -skip "$outside" $long $rest
say "suites from outside"
packages=$(grep -rlE --include='*_test.go' --exclude-dir=node_modules "^func Test\w*${outside%$}\(" . | xargs -n1 dirname | sort -u)
suites=$(try -v -timeout 20m -run "$outside" $packages) || {
	printf '%s\n' "$suites"
	exit 1
}
grep -aE '^[a-z0-9 -]+: [0-9]|^surveillance beside R: |: skipped: ' <<<"$suites" || true
say "build"
go build -o bin/mach ./cmd/mach
go build -race -tags nortc ./app ./store/... # once for all
say "race detector and browser stories"
# Both wait for much: databases, browsers and clocks.
race() { try -short -race -tags nortc -timeout 20m "$@"; }
# What is shared above the store is shared in Go: one database is enough. Of the
# three modules that compute longest, in the one goroutine that follows changes, what
# several run at once: pages, duties, restarts.
race_above() (
	export MACH_TEST_POSTGRES=
	long='/(detection|surveillance|bulletin)$'
	race ./web/... ./access/... $(go list ./modules/... | grep -vE "$long") &&
		race -run 'Page|Restart|Duty|Late|Settings$|Trial' $(go list ./modules/... | grep -E "$long") && race -run TestManyAtOnce ./app
)
export MACH_BIN=$PWD/bin/mach
stories() { try -count=1 -timeout 20m "$@" ./e2e/...; }
alone=TestOneEntryOnPostgres # has a server of its own, the others share one
stories_shared() { stories -skip "^$alone\$"; }
store_then_alone() { race ./store/... ./bus/... && stories -run "^$alone\$"; }
beside race_above stories_shared store_then_alone
say "all green"
