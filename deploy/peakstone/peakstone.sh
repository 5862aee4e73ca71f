#!/bin/bash
# Becomes Node, so that signals reach the service itself.
# `health` alone is answered here: it runs every few seconds for as long as the container does, and starting Node each time would
# cost more than the service does when idle.
if [[ ${1-} == health && $# -eq 1 && ${PEAKSTONE_HEALTH_URL-} =~ ^http://([0-9a-zA-Z.-]+):([0-9]+)(/.*)?$ ]]; then
  host=${BASH_REMATCH[1]} port=${BASH_REMATCH[2]} path=${BASH_REMATCH[3]:-/}
  exec 3<> "/dev/tcp/$host/$port" || exit 4
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: peakstone-health\r\n\r\n' "$path" "$host:$port" >&3
  IFS= read -r -t 4 status <&3 || exit 4
  [[ $status =~ ^HTTP/1\.[01]\ 2 ]] && exit 0
  printf '%s answers %s\n' "$PEAKSTONE_HEALTH_URL" "${status%$'\r'}" >&2
  exit 4
fi
exec /usr/local/bin/node /opt/peakstone/node_modules/peakstone/bin/peakstone.mjs "$@"
