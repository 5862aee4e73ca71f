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
  // What a standby may wait for, a recovery must not.
  recovery_min_apply_delay: '0',
  pre_auth_delay: '0',
  post_auth_delay: '0',
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

/**
 * Of a session, where the data is somebody's: a database or a role may have been given settings by which reading it fails, hangs, passes
 * over damage or is done as another. They are above the server's own, and these, sent at the session's start, above them.
 */
export const QUIET_SESSION_SETTINGS: Readonly<Record<string, string>> = {
  // Everything is read, however long that takes.
  statement_timeout: '0',
  transaction_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  temp_file_limit: '-1',
  exit_on_error: 'off',
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // No standby is there.
  synchronous_commit: 'local',
  role: 'none',
  event_triggers: 'off',
  session_preload_libraries: '',
  local_preload_libraries: '',
  zero_damaged_pages: 'off',
  ignore_checksum_failure: 'off',
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
