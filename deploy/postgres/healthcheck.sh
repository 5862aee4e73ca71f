#!/bin/sh
# Over TCP: while the entrypoint initialises the folder its server listens on the socket only, and does not count.
exec pg_isready -q -h 127.0.0.1 -p "${PGPORT:-5432}" -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-${POSTGRES_USER:-postgres}}"
