#!/usr/bin/env bash
# Bundles the front-end packages into web/assets/dist, unless nothing changed
# since the last time.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=web/assets/dist/.stamp
sum=$( { find web/assets web/components tools/assets -type f -not -path '*/dist/*' -not -path '*/node_modules/*' \
	\( -name '*.css' -o -name '*.ts' -o -name '*.js' -o -name '*.svg' -o -name '*.json' -o -name '*.go' -o -name '*.webmanifest' -o -name '*.html' \) -print0 \
	| sort -z | xargs -0 cat; } | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null || true)" = "$sum" ] && exit 0
command -v npm >/dev/null || { echo "make assets needs Node 20 or later (npm)" >&2; exit 1; }
(cd tools/assets && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
go run -C tools ./assets
echo "$sum" >"$stamp"
