import { existsSync } from 'node:fs';
import path from 'node:path';
import { HBA, IDENT } from './access.ts';

/** What the settings are sized by. */
export interface Machine {
  /** Memory that this process may use: the container's limit, or the machine's. */
  readonly memoryBytes: number;
  readonly cpus: number;
}

export interface SettingsOptions {
  readonly machine: Machine;
  readonly listenAddresses: string;
  readonly port: number;
  readonly socketDir: string;
  readonly database: string;
  /** Preload libraries that the installation has, of those that the stack wants. */
  readonly preload: readonly string[];
  readonly maxConnections: number;
  /** Only ever false for throw-away servers. */
  readonly durable: boolean;
  readonly timezone: string;
}

/** Libraries of the original stack, in its order. */
const PRELOAD = ['pg_stat_statements', 'pgaudit', 'pg_cron', 'auto_explain'] as const;

/** Those of the wanted preload libraries that are installed. */
export function installedPreload(libraryDir: string): string[] {
  const suffixes = ['.so', '.dylib'];
  return PRELOAD.filter(name => suffixes.some(suffix => existsSync(path.join(libraryDir, name + suffix))));
}

/** What requests send, passwords included, travels as parameters: no log shows them, however slow or wrong a statement is. */
const SILENT_PARAMETERS: readonly (readonly [string, string])[] = [
  ['log_parameter_max_length', '0'],
  ['log_parameter_max_length_on_error', '0'],
];

const MB = 1024 * 1024;

/**
 * The server's settings, sized for a machine that PostgreSQL shares with the rest of the stack. Pure.
 * Names and units are PostgreSQL's own.
 * @see https://www.postgresql.org/docs/17/runtime-config.html
 */
export function planSettings(options: SettingsOptions): ReadonlyMap<string, string> {
  const memory = options.machine.memoryBytes / MB;
  const settings = new Map<string, string>([
    ['listen_addresses', options.listenAddresses],
    ['port', String(options.port)],
    ['unix_socket_directories', options.socketDir],
    ['unix_socket_permissions', '0700'],
    ['max_connections', String(options.maxConnections)],
    // A read of 500 partitions takes a thousand, and a few such at once would leave none for anybody. Each has 300 bytes.
    ['max_locks_per_transaction', '256'],
    ['password_encryption', 'scram-sha-256'],
    // An eighth, not the usual quarter: the other services and the page cache live on the same machine.
    ['shared_buffers', megabytes(clamp(memory / 8, 64, 1024))],
    ['effective_cache_size', megabytes(clamp(memory / 2, 256, 65_536))],
    ['work_mem', megabytes(clamp(memory / (options.maxConnections * 8), 4, 64))],
    ['maintenance_work_mem', megabytes(clamp(memory / 32, 64, 1024))],
    ['max_parallel_workers_per_gather', String(clamp(Math.floor(options.machine.cpus / 2), 0, 4))],
    // Flash storage: a random page costs little more than the next one.
    ['random_page_cost', '1.1'],
    ['effective_io_concurrency', process.platform === 'linux' ? '200' : '0'],
    // Compiling pays for long analytical queries only, and spoils the first of many short ones.
    ['jit', 'off'],
    ['wal_level', 'logical'],
    ['max_wal_size', '2GB'],
    // What has changed since a backup, so that the next one need not read everything.
    ['summarize_wal', 'on'],
    // A slot that nobody reads any more is given up before it has filled the disk.
    ['max_slot_wal_keep_size', '8GB'],
    ['checkpoint_completion_target', '0.9'],
    ['wal_compression', 'on'],
    ['log_line_prefix', '%m [%p] user=%u db=%d app=%a client=%h '],
    ['log_connections', 'on'],
    ['log_disconnections', 'on'],
    ['log_lock_waits', 'on'],
    ...SILENT_PARAMETERS,
    ['log_timezone', options.timezone],
    ['timezone', options.timezone],
    // Messages are read by the start-up diagnosis, so they must not be translated.
    ['lc_messages', 'C'],
  ]);
  if (options.preload.length > 0) settings.set('shared_preload_libraries', options.preload.join(','));
  if (options.preload.includes('pgaudit')) settings.set('pgaudit.log', 'ddl');
  if (options.preload.includes('pg_cron')) settings.set('cron.database_name', options.database);
  if (options.preload.includes('auto_explain')) {
    settings.set('auto_explain.log_min_duration', '5s');
    settings.set('auto_explain.log_parameter_max_length', '0');
  }
  if (!options.durable) {
    for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) settings.set(name, 'off');
  }
  return settings;
}

/**
 * What one session may take of a machine's memory beside what all share: a request for all of a large table, or a value made
 * ever longer, must not be what the kernel ends the whole server for. Pure.
 */
export function sessionMemoryBytes({ memoryBytes }: Machine): number {
  return Math.max(512 * MB, Math.floor(memoryBytes / 8));
}

/**
 * The configuration file's text. The user's own `postgresql.conf` comes after ours and so wins, as does ALTER SYSTEM;
 * where the server listens is ours to say and comes last.
 */
export function renderSettings(settings: ReadonlyMap<string, string>, dataDir: string): string {
  const ours = ['port', 'listen_addresses', 'unix_socket_directories', 'unix_socket_permissions'];
  const line = ([name, value]: readonly [string, string]) => `${name} = ${quote(value)}`;
  const entries = [...settings];
  return [
    '# Written by PeakStone on every start. Put your own settings into postgresql.conf, which overrides these.',
    `hba_file = ${quote(path.join(dataDir, HBA))}`,
    `ident_file = ${quote(path.join(dataDir, IDENT))}`,
    ...entries.filter(([name]) => !ours.includes(name)).map(line),
    "include_if_exists = 'postgresql.conf'",
    ...entries.filter(([name]) => ours.includes(name)).map(line),
    '',
  ].join('\n');
}

/** @see https://www.postgresql.org/docs/17/config-setting.html#CONFIG-SETTING-CONFIGURATION-FILE */
function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n')}'`;
}

function megabytes(value: number): string {
  return `${Math.floor(value)}MB`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
