#!/usr/bin/env bash
# Prepares the data folder on first start, then becomes the server.
#
# Understands what users of the official postgres image rely on: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB,
# POSTGRES_INITDB_ARGS (each also as NAME_FILE), POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA,
# scripts in /docker-entrypoint-initdb.d, `--user`, and commands other than the server.
# A folder that already holds a cluster is never touched.
set -Eeuo pipefail

say() { printf 'peakstone-postgres: %s\n' "$*"; }
die() { printf 'peakstone-postgres: %s\n' "$*" >&2; exit 1; }

# from_file NAME DEFAULT: NAME from the environment, or from the file that NAME_FILE names, or the default.
from_file() {
  local name=$1 default=${2-} file_name="$1_FILE"
  if [[ -n ${!name-} && -n ${!file_name-} ]]; then
    die "$name and $file_name are both set; keep one of them"
  fi
  if [[ -n ${!file_name-} ]]; then
    [[ -r ${!file_name} ]] || die "$file_name names ${!file_name}, which cannot be read"
    printf -v "$name" '%s' "$(< "${!file_name}")"
  else
    printf -v "$name" '%s' "${!name-$default}"
    [[ -n ${!name} ]] || printf -v "$name" '%s' "$default"
  fi
  export "${name?}"
  unset "$file_name"
}

is_server() {
  [[ $1 == postgres ]] || return 1
  local argument
  for argument in "${@:2}"; do
    case $argument in -\? | --help | --describe-config | -V | --version) return 1 ;; esac
  done
}

prepare_folders() {
  mkdir -p "$PGDATA" /var/run/postgresql
  local folders=("$PGDATA" /var/run/postgresql)
  if [[ -n ${POSTGRES_INITDB_WALDIR-} ]]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    folders+=("$POSTGRES_INITDB_WALDIR")
  fi
  if [[ $(id -u) == 0 ]]; then
    find "${folders[@]}" \! -user postgres -exec chown postgres {} +
  fi
  # What a killed server left on a volume; the process it names is another one in this container.
  rm -f /var/run/postgresql/.s.PGSQL.*
  # A mounted folder may refuse; the server then says so itself, and better.
  chmod 0700 "$PGDATA" 2>/dev/null || true
  chmod 3775 /var/run/postgresql 2>/dev/null || true
}

# initdb wants the running user to have a name; with `--user 1000` it may have none.
lend_user_name() {
  getent passwd "$(id -u)" > /dev/null && return
  local library
  library=$(find /usr/lib -name libnss_wrapper.so -print -quit)
  [[ -n $library ]] || die "user $(id -u) has no name and libnss_wrapper.so is missing"
  NSS_WRAPPER_PASSWD=$(mktemp) NSS_WRAPPER_GROUP=$(mktemp)
  printf 'postgres:x:%s:%s::%s:/bin/sh\n' "$(id -u)" "$(id -g)" "$PGDATA" > "$NSS_WRAPPER_PASSWD"
  printf 'postgres:x:%s:\n' "$(id -g)" > "$NSS_WRAPPER_GROUP"
  export LD_PRELOAD=$library NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
}

run_psql() {
  PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

# Names kept for scripts of the official image, which are sourced and may call them.
docker_process_sql() { run_psql --dbname "$POSTGRES_DB" "$@"; }
psql=(docker_process_sql)

# On the socket only: nobody else may connect yet, and the health check must not pass.
start_for_setup() {
  local options
  printf -v options '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}"
  NOTIFY_SOCKET='' pg_ctl -D "$PGDATA" -o "$options" -w -s start
}

stop_after_setup() { pg_ctl -D "$PGDATA" -m fast -w -s stop; }

run_init_scripts() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh)
        if [[ -x $file ]]; then
          say "running $file"
          "$file"
        else
          say "sourcing $file"
          # shellcheck source=/dev/null
          . "$file"
        fi
        ;;
      *.sql) say "running $file"; docker_process_sql -f "$file" ;;
      *.sql.gz) say "running $file"; gunzip -c "$file" | docker_process_sql ;;
      *.sql.xz) say "running $file"; xzcat "$file" | docker_process_sql ;;
      *.sql.zst) say "running $file"; zstd -dc "$file" | docker_process_sql ;;
      */\*) ;;
      *) say "ignoring $file" ;;
    esac
  done
}

initialise() {
  if [[ -z $POSTGRES_PASSWORD && ${POSTGRES_HOST_AUTH_METHOD-} != trust ]]; then
    die 'the data folder is empty and POSTGRES_PASSWORD is not set; set it (or POSTGRES_PASSWORD_FILE)'
  fi
  if [[ -n $(ls -A "$PGDATA" 2>/dev/null | grep -vx 'lost+found' || true) ]]; then
    die "$PGDATA holds files but no PG_VERSION; empty it, or set PGDATA to a folder below it"
  fi
  # Whoever mounts a folder that is itself a cluster means that one, and would miss every row in a new one inside it.
  local above=${PGDATA%/}
  while above=${above%/*} && [[ -n $above ]]; do
    [[ ! -s $above/PG_VERSION ]] ||
      die "$above is a data folder itself (PostgreSQL $(< "$above/PG_VERSION")'s), and PGDATA names an empty folder inside it, $PGDATA; with the server stopped, move what is in $above into $PGDATA"
  done

  lend_user_name
  # As everywhere in PeakStone: damage on the disk is found, and text sorts by PostgreSQL itself, whichever system library there is.
  local arguments=(--data-checksums)
  [[ ${POSTGRES_INITDB_ARGS} == *locale* ]] ||
    arguments+=(--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8)
  # Shell words, as in the official image: '--locale=C --encoding=UTF8'.
  eval "arguments+=(${POSTGRES_INITDB_ARGS})"
  [[ -z ${POSTGRES_INITDB_WALDIR-} ]] || arguments+=(--waldir "$POSTGRES_INITDB_WALDIR")
  initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") "${arguments[@]}"
  if [[ ${LD_PRELOAD-} == */libnss_wrapper.so ]]; then
    rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
    unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  fi

  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -D "$PGDATA" -C password_encryption)}
  [[ $method != trust ]] || say 'WARNING: POSTGRES_HOST_AUTH_METHOD=trust lets anyone who reaches the port in, without a password'
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"

  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  # First without preloaded libraries: pg_cron's worker wants the database that is only now being made.
  start_for_setup "${@:2}" -c shared_preload_libraries=
  if [[ $POSTGRES_DB != postgres ]]; then
    # template1 exists already.
    run_psql --dbname postgres -qAt -v "db=$POSTGRES_DB" <<< "select 1 from pg_database where datname = :'db'" | grep -qx 1 ||
      run_psql --dbname postgres -q -v "db=$POSTGRES_DB" <<< 'create database :"db"'
  fi
  stop_after_setup
  if [[ -n $(ls -A /docker-entrypoint-initdb.d 2>/dev/null) ]]; then
    start_for_setup "${@:2}"
    run_init_scripts
    stop_after_setup
  fi
  unset PGPASSWORD
  say 'data folder initialised'
}

# Two servers on one folder destroy it, and in containers each is process 1, so that postmaster.pid tells neither. The descriptors
# stay open in the server, whose end gives the locks back. The folder above is the mount: what is put back into it is locked out too.
# Before anything is touched: a server of the same stack shares its sockets' folder as well.
lock_data() {
  local folder code descriptor
  # Taken as root already, and handed on.
  [[ ${PEAKSTONE_LOCKED-} != "$$" ]] || { unset PEAKSTONE_LOCKED; return 0; }
  mkdir -p "$PGDATA"
  for folder in "$PGDATA" "${PGDATA%/*}"; do
    [[ -r $folder ]] || continue
    exec {descriptor}< "$folder"
    code=0
    flock --nonblock --conflict-exit-code 75 "$descriptor" || code=$?
    [[ $code != 75 ]] || die "another server runs on $PGDATA, or it is being restored: two on one folder destroy it. Stop the other, or give this one a folder of its own"
    [[ $code == 0 ]] || say "WARNING: $folder cannot be locked; see to it that no other server runs on it"
  done
}

main() {
  if [[ ${1-} == -* ]]; then
    set -- postgres "$@"
  fi
  if is_server "$@"; then
    from_file POSTGRES_PASSWORD ''
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    from_file POSTGRES_INITDB_ARGS ''
    lock_data
    prepare_folders
    if [[ $(id -u) == 0 ]]; then
      PEAKSTONE_LOCKED=$$ exec setpriv --reuid=postgres --regid=postgres --init-groups "$BASH_SOURCE" "$@"
    fi
    if [[ -s $PGDATA/PG_VERSION ]]; then
      local version
      version=$(< "$PGDATA/PG_VERSION")
      [[ $version == "$PG_MAJOR" ]] || die "the data folder is PostgreSQL $version's and this image is $PG_MAJOR; dump it with the old image and restore it here, or run pg_upgrade"
    else
      initialise "$@"
    fi
    # A statement that needs more fails alone; else the kernel ends a process, and the server all sessions with it.
    if ((${DATABASE_SESSION_MEMORY_MB:-0} > 0)); then
      ulimit -d $((DATABASE_SESSION_MEMORY_MB * 1024)) || say 'WARNING: the memory of sessions cannot be limited here'
    fi
  fi
  exec "$@"
}

main "$@"
