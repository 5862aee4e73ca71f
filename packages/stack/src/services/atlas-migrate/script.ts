/** Migrations, when there are some. The image has its program in the root folder, which is on no path. */
export const migrateScript = `set -eu
PATH="$PATH:/"
if ! ls /migrations/*.sql > /dev/null 2>&1; then
  echo 'atlas-migrate: no migrations in /migrations; nothing to do'
  exit 0
fi
exec atlas migrate apply --dir file:///migrations --url "$ATLAS_URL" --allow-dirty
`;
