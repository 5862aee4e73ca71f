/** The commands of the replication protocol that backups need, with their answers as data. */
import { PgError, type ReplicationClient, type Result } from '@peakstone/kernel/pg';
import { BackupError } from '../errors.ts';
import { type Lsn, readLsn } from '../lsn.ts';
import type { ClusterFacts } from '../vault.ts';

/** What a server says of itself. */
export interface ServerFacts extends ClusterFacts {
  readonly timeline: number;
  /** How far its WAL is written. */
  readonly lsn: Lsn;
  /** Such as `17.10`. */
  readonly version: string;
  readonly checksums: boolean;
  readonly summarizesWal: boolean;
}

/** @throws {BackupError} SERVER where it cannot be backed up; {PgError} */
export async function identify(client: ReplicationClient): Promise<ServerFacts> {
  const [row] = rowsOf(await client.command('IDENTIFY_SYSTEM'));
  const version = await show(client, 'server_version');
  const major = Number.parseInt(version, 10);
  return {
    systemIdentifier: row![0]!,
    timeline: Number(row![1]),
    lsn: readLsn(row![2]!),
    version: /^\d+\.\d+/.exec(version)?.[0] ?? version,
    major,
    segmentBytes: parseSize(await show(client, 'wal_segment_size')),
    checksums: (await show(client, 'data_checksums')) === 'on',
    summarizesWal: major >= 17 && (await show(client, 'summarize_wal')) === 'on',
  };
}

/** A setting's value as SHOW prints it. */
export async function show(client: ReplicationClient, setting: string): Promise<string> {
  return rowsOf(await client.command(`SHOW ${setting}`))[0]?.[0] ?? '';
}

export interface Slot {
  readonly name: string;
  /** WAL is kept from here; null when the server has let it go. */
  readonly restartLsn: Lsn | null;
}

/** Undefined when there is none. @throws {BackupError} SERVER when it is somebody's logical one */
export async function readSlot(client: ReplicationClient, name: string): Promise<Slot | undefined> {
  const [row] = rowsOf(await client.command(`READ_REPLICATION_SLOT ${name}`));
  if (!row?.[0]) return undefined;
  return { name, restartLsn: row[1] ? readLsn(row[1]) : null };
}

/** A physical slot, which keeps WAL from now on. A temporary one ends with the session. */
export async function createSlot(client: ReplicationClient, name: string, temporary: boolean): Promise<Slot> {
  try {
    await client.command(
      `CREATE_REPLICATION_SLOT ${name}${temporary ? ' TEMPORARY' : ''} PHYSICAL (RESERVE_WAL)`,
    );
  } catch (error) {
    if (!(error instanceof PgError) || error.code !== '53400') throw error;
    throw new BackupError(
      'SERVER',
      'The server has no free replication slot.',
      'Raise max_replication_slots, or drop a slot that nobody uses (select * from pg_replication_slots).',
      error,
    );
  }
  return (await readSlot(client, name))!;
}

export async function dropSlot(client: ReplicationClient, name: string): Promise<void> {
  await client.command(`DROP_REPLICATION_SLOT ${name} WAIT`);
}

/** PostgreSQL's own file of a timeline. */
export async function timelineHistory(client: ReplicationClient, timeline: number): Promise<string> {
  const [row] = rowsOf(await client.command(`TIMELINE_HISTORY ${timeline}`));
  return row![1]!;
}

/** Texts of the first result's rows. */
export function rowsOf(results: readonly Result[]): (string | null)[][] {
  return (results[0]?.rows ?? []).map(row => row.map(cell => cell?.toString() ?? null));
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/** `16MB` in bytes; -1 stays -1. */
export function parseSize(text: string): number {
  const match = /^(-?\d+)(B|kB|MB|GB|TB)?$/.exec(text);
  return match ? Number(match[1]) * (match[2] ? units[match[2]]! : 1) : Number.NaN;
}
