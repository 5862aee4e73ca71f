#!/usr/bin/env bash
# restore-data < FILE: puts a whole data folder, as a tar (plain, gzip or zstd), in the place of PGDATA; what was there stays beside it.
#
# Nothing changes before all of the archive is there and is a data folder of this image's version: what is cut short, empty, or
# of another kind leaves the database as it is. A server on the folder is refused by the lock that it holds (docker-entrypoint.sh).
set -Eeuo pipefail

say() { printf 'restore-data: %s\n' "$*" >&2; }
die() { say "$*"; say 'nothing was changed'; exit 1; }

[[ ! -t 0 ]] || die 'give the archive on standard input: docker compose run --rm --no-deps -T postgres restore-data < FILE'

folder=${PGDATA:?}
parent=${folder%/*}
mkdir -p "$parent"
for locked in "$folder" "$parent"; do
  [[ -d $locked ]] || continue
  exec {descriptor}< "$locked"
  flock --nonblock "$descriptor" || die "a server runs on $folder: stop it first (docker compose stop)"
done

stamp=$(date +%Y%m%dT%H%M%S)
fresh=$folder.restoring-$stamp
trap 'rm -rf -- "$fresh"' EXIT
mkdir -m 0700 "$fresh"

# The first bytes tell what it is; a pipe does not give them twice.
magic=$(head -c 4 | od -An -v -tx1 | tr -d ' \n')
[[ -n $magic ]] || die 'the archive is empty: what was to make it has failed'
whole() { printf '%b' "$(sed 's/../\\x&/g' <<< "$magic")"; cat; }
case $magic in
  1f8b*) filter=--gzip ;;
  28b52ffd) filter=--zstd ;;
  *) filter=--no-auto-compress ;;
esac
whole | tar --extract "$filter" --file - --directory "$fresh" || die 'the archive cannot be read to its end'

version=$(cat "$fresh/PG_VERSION" 2> /dev/null || true)
[[ -n $version && -s $fresh/global/pg_control ]] || die 'the archive is no data folder: it has no PG_VERSION and global/pg_control at its top'
[[ $version == "$PG_MAJOR" ]] || die "the archive is of PostgreSQL $version, and this image is $PG_MAJOR"
rm -f "$fresh/postmaster.pid"
[[ $(id -u) != 0 ]] || chown -R postgres: "$fresh"
sync --file-system "$fresh"

if [[ -d $folder && -z $(ls -A "$folder") ]]; then
  rmdir "$folder"
elif [[ -e $folder ]]; then
  kept=$folder.before-$stamp
  mv -- "$folder" "$kept"
fi
mv -- "$fresh" "$folder"
sync --file-system "$parent"
say "restored${kept:+; what was there is in $kept: remove it when all is well}"
