#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bundles the front-end packages into web/assets/dist, unless nothing changed
# since the last time.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=web/assets/dist/.stamp
sum=$( { { find web modules app access tools/assets -type f -not -path '*/dist/*' -not -path '*/node_modules/*' \
	\( -name '*.css' -o -name '*.ts' -o -name '*.js' -o -name '*.svg' -o -name '*.json' -o -name '*.go' -o -name '*.webmanifest' -o -name '*.templ' -o -name '*.html' -o -name 'icons.txt' \) -print0 2>/dev/null || true; } \
	| sort -z | xargs -0 cat; } | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null || true)" = "$sum" ] && exit 0
command -v npm >/dev/null || { echo "make assets needs Node 20 or later (npm)" >&2; exit 1; }
go run -C tools ./assets
echo "$sum" >"$stamp"
