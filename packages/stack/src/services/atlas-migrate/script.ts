/**
 * Migrations, when there are some. The image has its program in the root folder, which is on no path. Atlas takes a URL and nothing
 * else, so it is made here, of parts that are encoded byte for byte.
 */
export const migrateScript = `set -eu
PATH="$PATH:/"
if ! ls /migrations/*.sql > /dev/null 2>&1; then
  echo 'atlas-migrate: no migrations in /migrations; nothing to do'
  exit 0
fi
encode() { printf %s "$1" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g'; }
url="\${ATLAS_URL:-postgres://$(encode "$PGUSER"):$(encode "$PGPASSWORD")@$PGHOST:$PGPORT/$(encode "$PGDATABASE")?sslmode=$PGSSLMODE}"
exec atlas migrate apply --dir file:///migrations --url "$url" --allow-dirty
`;
