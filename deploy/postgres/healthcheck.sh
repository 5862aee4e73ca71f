#!/bin/sh
file="${PGDATA:-/var/lib/postgresql/data}/postmaster.pid"
{ read -r pid < "$file"; } 2> /dev/null || exit 1
# A server that was killed leaves its file behind.
[ "$(cat "/proc/$pid/comm" 2> /dev/null)" = postgres ] || exit 1
# The server that only initialises the folder listens on no address (line 6).
exec awk 'NR == 6 { open = $0 != "" } NR == 8 { ready = $1 == "ready" } END { exit !(open && ready) }' "$file"
