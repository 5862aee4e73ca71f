/** The settings of backups, as `.env` has them. Pure. */
import path from 'node:path';
import { ConfigError, readEnum, readInt, readSecret, readString } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { type Cron, parseCron } from './cron.ts';
import type { Retention } from './retention.ts';
import { type BackupKey, createKeyring, type Keyring, parseKey } from './seal/keys.ts';
import type { StorePlace } from './store/open.ts';

export interface BackupConfig {
  readonly place: StorePlace;
  readonly keys: Keyring;
  readonly schedule: BackupSchedule;
  readonly retention: Retention;
  /** How often the unfinished WAL segment is stored: what a lost machine may cost. */
  readonly walEveryMs: number;
}

/** When; null for never. Times are UTC. */
export interface BackupSchedule {
  readonly full: Cron | null;
  readonly incremental: Cron | null;
  readonly test: Cron | null;
}

/** The slot of the service that receives WAL. */
export const backupSlot = 'peakstone_backup';

/** Whether backups are set up. Pure. */
export function hasBackups(env: Env): boolean {
  return Boolean(env.BACKUP_STORE);
}

/**
 * Reads `BACKUP_STORE` (a folder, or `s3://BUCKET/PREFIX`), `BACKUP_ENCRYPT`, `BACKUP_KEY`, `BACKUP_FULL`, `BACKUP_INCREMENTAL`,
 * `BACKUP_TEST`, `BACKUP_KEEP_DAYS`, `BACKUP_KEEP_FULLS`, `BACKUP_WAL_SECONDS` and the `BACKUP_S3_*`.
 * @param base that relative folders are meant from @param fallback the folder where BACKUP_STORE is not set
 * @throws {ConfigError} naming the variable and the shape it expects.
 */
export function readBackupConfig(env: Env, base: string, fallback?: string): BackupConfig {
  const place = readPlace(env, base, fallback);
  return {
    place,
    keys: readKeys(env, place),
    schedule: {
      full: readCron(env, 'BACKUP_FULL', '0 1 * * 0'),
      incremental: readCron(env, 'BACKUP_INCREMENTAL', '0 1 * * 1-6'),
      test: readCron(env, 'BACKUP_TEST', '0 4 * * 0'),
    },
    retention: {
      days: readInt(env, 'BACKUP_KEEP_DAYS', { default: 14, min: 0, max: 36_500 }),
      fulls: readInt(env, 'BACKUP_KEEP_FULLS', { default: 2, min: 1, max: 10_000 }),
    },
    walEveryMs: readInt(env, 'BACKUP_WAL_SECONDS', { default: 10, min: 1, max: 3600 }) * 1000,
  };
}

const storeForm = 'a folder, or s3://BUCKET/PREFIX';

function readPlace(env: Env, base: string, fallback: string | undefined): StorePlace {
  const text = readString(env, 'BACKUP_STORE', { default: fallback });
  if (text === undefined) throw new ConfigError('BACKUP_STORE', storeForm);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { kind: 'folder', folder: path.resolve(base, text) };
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9_./-]*))?$/.exec(text);
  if (!match) throw new ConfigError('BACKUP_STORE', storeForm, { got: text });
  const endpoint = readString(env, 'BACKUP_S3_ENDPOINT', { default: undefined });
  if (endpoint !== undefined && !/^https?:\/\/[^/@?#]+\/?$/.test(endpoint))
    throw new ConfigError('BACKUP_S3_ENDPOINT', 'an origin such as https://s3.example.com');
  return {
    kind: 's3',
    bucket: match[1]!,
    prefix: (match[2] ?? '').replaceAll(/^\/+|\/+$/g, ''),
    endpoint: endpoint?.replace(/\/$/, ''),
    region: readString(env, 'BACKUP_S3_REGION', { default: env.AWS_REGION || 'us-east-1' }),
    accessKey: readString(env, 'BACKUP_S3_ACCESS_KEY'),
    secretKey: readSecret(env, 'BACKUP_S3_SECRET_KEY'),
  };
}

/** Whether a key is needed for what these settings say. Pure. @throws {ConfigError} */
export function needsKey(env: Env): boolean {
  return demandsEncryption(env, /^s3:/.test(env.BACKUP_STORE ?? ''));
}

/** What leaves the machine is encrypted unless somebody says no. */
function demandsEncryption(env: Env, leaves: boolean): boolean {
  const choice = readEnum(env, 'BACKUP_ENCRYPT', ['auto', 'on', 'off'], { default: 'auto' });
  return choice === 'on' || (choice === 'auto' && leaves);
}

function readKeys(env: Env, place: StorePlace): Keyring {
  const texts = (env.BACKUP_KEY ?? '').split(',').filter(text => text.trim() !== '');
  const keys = texts.map((text): BackupKey => {
    const key = parseKey(text.trim());
    // Not repeated: it is nearly a key.
    if (!key) throw new ConfigError('BACKUP_KEY', '64 hex digits, or several such keys separated by commas');
    return key;
  });
  const demands = demandsEncryption(env, place.kind === 's3');
  if (demands && keys.length === 0)
    throw new ConfigError('BACKUP_KEY', '64 hex digits', {
      hint: "'peakstone backup schedule' makes one; or make it by: openssl rand -hex 32",
    });
  return createKeyring(keys, demands);
}

function readCron(env: Env, name: string, usual: string): Cron | null {
  const text = readString(env, name, { default: usual });
  if (text === 'off') return null;
  const cron = parseCron(text);
  if (cron) return cron;
  throw new ConfigError(
    name,
    "five fields as cron has them ('30 2 * * *', in UTC), hourly, daily, weekly, monthly or off",
    {
      got: text,
    },
  );
}
