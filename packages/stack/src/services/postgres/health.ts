/**
 * Healthy when the server itself says that it takes connections, in the file by which pg_ctl knows it: a check that connected would
 * write a line to the log each time, 26 MB of them a day. Shell and awk, as every image of the server has them.
 */
export const serverHealthScript = `file="\${PGDATA:-/var/lib/postgresql/data}/postmaster.pid"
{ read -r pid < "$file"; } 2> /dev/null || exit 1
# A server that was killed leaves its file behind.
[ "$(cat "/proc/$pid/comm" 2> /dev/null)" = postgres ] || exit 1
# The server that only initialises the folder listens on no address (line 6).
exec awk 'NR == 6 { open = $0 != "" } NR == 8 { ready = $1 == "ready" } END { exit !(open && ready) }' "$file"
`;
