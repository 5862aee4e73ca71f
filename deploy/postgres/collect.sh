#!/bin/sh
# Gathers what the run-time stage needs: OUT/root (files), OUT/packages (Debian packages its binaries link against).
set -eu
out=$1
root=$out/root
mkdir -p "$root/usr/lib/postgresql" "$root/usr/share/postgresql" "$root/usr/lib/locale" "$root/usr/share/sbom"

cp -a /usr/lib/postgresql/17 "$root/usr/lib/postgresql/"
cp -a /usr/share/postgresql/17 "$root/usr/share/postgresql/"
cp -a /usr/lib/locale/en_US.utf8 "$root/usr/lib/locale/" 2>/dev/null || cp -a /usr/lib/locale/locale-archive "$root/usr/lib/locale/"

# Debian links the sample files to paths of its cluster tools; here they are plain files.
find "$root/usr/share/postgresql/17" -type l | while read -r link; do
  target=$(readlink -f "$link" || true)
  rm "$link"
  [ ! -e "$target" ] || cp -a "$target" "$link"
done

# Static libraries, server build files and pgbench's kin serve only those who compile.
rm -rf "$root/usr/lib/postgresql/17/lib/pgxs" "$root/usr/share/postgresql/17/man"
if [ "${JIT:-no}" != yes ]; then
  rm -rf "$root/usr/lib/postgresql/17/lib/llvmjit.so" "$root/usr/lib/postgresql/17/lib/llvmjit_types.bc" "$root/usr/lib/postgresql/17/lib/bitcode"
fi

# Listen on every address, as the official image does: a container's network is its own.
sed -i -E "s/^#?(listen_addresses)[[:space:]]*=[[:space:]]*[^#]*/\1 = '*'/" "$root/usr/share/postgresql/17/postgresql.conf.sample"
grep -q "^listen_addresses = '\*'" "$root/usr/share/postgresql/17/postgresql.conf.sample"

# The libraries themselves come from Debian's archive in the run-time stage, so that its tools can update them.
find "$root/usr/lib/postgresql/17" -type f \( -perm -u+x -o -name '*.so*' \) -exec ldd {} + 2>/dev/null |
  awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
  while read -r library; do
    dpkg -S "$(readlink -f "$library")" 2>/dev/null || dpkg -S "$(readlink -f "$library" | sed 's:^/usr::')" 2>/dev/null
  done | cut -d: -f1 | sort -u | grep -v '^libc6$' > "$out/packages"
printf '%s\n' tzdata libnss-wrapper xz-utils zstd >> "$out/packages"

sh /build/sbom-debian.sh peakstone-postgres $(cat "$out/packages") \
  postgresql-17 postgresql-client-17 postgresql-17-cron postgresql-17-pgaudit postgresql-17-hypopg postgresql-17-repack postgresql-17-pgvector \
  > "$root/usr/share/sbom/peakstone-postgres.spdx.json"
