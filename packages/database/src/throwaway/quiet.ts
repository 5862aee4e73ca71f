/**
 * What a server is kept from that runs on data for its caller's eyes alone: a restored backup, a copy, a place to try something.
 * The data may be production's, with all that acts by itself in it and in its `postgresql.conf` and ALTER SYSTEM; these settings are
 * given on the command line, which overrides both. Pure.
 * @see https://www.postgresql.org/docs/17/runtime-config.html
 */
export const QUIET_SETTINGS: Readonly<Record<string, string>> = {
  // Subscriptions would fetch from the publisher in the place of the real server, and move its slots on.
  max_logical_replication_workers: '0',
  // Workers of libraries: pg_cron's jobs, pg_net's requests, the schedulers of TimescaleDB and others.
  max_worker_processes: '0',
  'cron.launch_active_jobs': 'off',
  // Nobody copies from it, and no commit waits for a standby.
  max_wal_senders: '0',
  synchronous_standby_names: '',
  // Its WAL is nobody's archive's, and it clears none.
  archive_mode: 'off',
  archive_command: '',
  archive_library: '',
  archive_cleanup_command: '',
  // By the private socket alone, by the rules of who started it.
  listen_addresses: '',
  bonjour: 'off',
  // Keys, and the command that opens them, lie outside of the data.
  ssl: 'off',
  // Files of the real server.
  logging_collector: 'off',
  log_destination: 'stderr',
  external_pid_file: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
};

/** Besides, where the data is somebody's: what is in it is read, and not run. */
export const QUIET_DATA_SETTINGS: Readonly<Record<string, string>> = {
  // At logins as well.
  event_triggers: 'off',
  // It calls functions of indexes.
  autovacuum: 'off',
  // Damage is to be told, not passed over.
  zero_damaged_pages: 'off',
  ignore_checksum_failure: 'off',
};
