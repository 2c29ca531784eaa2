#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A throw-away PostgreSQL for tests: "start DIR" prints its DSN, "stop DIR" ends it.
# As root it runs as user postgres, since PostgreSQL refuses root. It does not
# wait for the disk: that guards against the loss of the machine, which no test
# brings about. A server of Mạch killed by SIGKILL has nothing in this process,
# and what one killed here had written stays with the kernel.
set -euo pipefail
verb=$1 dir=$2
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "PostgreSQL is not installed" >&2; exit 1; }
run() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
case $verb in
start)
	port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])' 2>/dev/null ||
		node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
	mkdir -p "$dir"
	[ "$(id -u)" != 0 ] || chown postgres "$dir"
	run "$bin/initdb" -D "$dir/data" --locale=C -E UTF8 -A trust >/dev/null
	run "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=off -c full_page_writes=off" start >/dev/null
	echo "postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
	;;
stop) run "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null || true ;;
esac
