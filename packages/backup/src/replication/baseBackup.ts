/** BASE_BACKUP: the server's files as a tar stream, and the manifest that lists them. */
import { type Cell, PgError, quoteLiteral, type ReplicationClient, type Result } from '@peakstone/kernel/pg';
import { BackupError } from '../errors.ts';

export interface BaseBackupOptions {
  readonly label: string;
  /** The manifest of the backup that this one stands on: only what has changed since is sent. */
  readonly since?: Buffer;
  /** A piece of the tar stream. Nothing more is read until a promise returned has settled. */
  readonly onData: (bytes: Buffer) => void | Promise<void>;
  /** Bytes that the server reckons with, before the first piece. */
  readonly onBegin: (totalBytes: number) => void;
}

export interface BaseBackupResult {
  readonly startLsn: string;
  readonly stopLsn: string;
  readonly timeline: number;
  /** JSON; SHA-256 of every file, and of itself. */
  readonly manifest: Buffer;
}

/** Of the manifest: a hundred bytes a file. */
const maxManifestBytes = 512 * 1024 * 1024;
/** What is sent of a manifest at once. */
const manifestPiece = 256 * 1024;

/**
 * @throws {BackupError} SERVER where a tablespace lies outside of the data folder, or the server cannot tell what has changed.
 * @see https://www.postgresql.org/docs/17/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 */
export async function takeBaseBackup(
  client: ReplicationClient,
  { label, since, onData, onBegin }: BaseBackupOptions,
): Promise<BaseBackupResult> {
  try {
    if (since) await client.command('UPLOAD_MANIFEST', { copyIn: () => piecesOf(since) });
    const reader = new BaseBackupReader(onData, onBegin);
    const options = [
      `LABEL ${quoteLiteral(label)}`,
      'PROGRESS true',
      `CHECKPOINT 'fast'`,
      // Of archive_command, which may be off: the WAL comes by the slot.
      'WAIT false',
      `MANIFEST 'yes'`,
      `MANIFEST_CHECKSUMS 'SHA256'`,
      ...(since ? ['INCREMENTAL'] : []),
    ];
    await client.command(`BASE_BACKUP (${options.join(', ')})`, {
      onRows: (rows, fields) => (fields.length > 0 ? reader.rows(rows) : reader.pieces(rows)),
      onResult: result => reader.result(result),
    });
    return reader.end();
  } catch (error) {
    throw since ? explainIncremental(error) : error;
  }
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += manifestPiece) yield bytes.subarray(at, at + manifestPiece);
}

/** Takes the answer apart: two results before the copy, one behind it. */
class BaseBackupReader {
  readonly #onData: BaseBackupOptions['onData'];
  readonly #onBegin: BaseBackupOptions['onBegin'];
  readonly #results: (readonly Cell[])[][] = [];
  #rows: (readonly Cell[])[] = [];
  #part: 'nothing' | 'files' | 'manifest' = 'nothing';
  readonly #manifest: Buffer[] = [];
  #manifestBytes = 0;

  constructor(onData: BaseBackupOptions['onData'], onBegin: BaseBackupOptions['onBegin']) {
    this.#onData = onData;
    this.#onBegin = onBegin;
  }

  rows(rows: readonly (readonly Cell[])[]): void {
    this.#rows.push(...rows);
  }

  result(_result: Result): void {
    this.#results.push(this.#rows);
    this.#rows = [];
    if (this.#results.length === 2) this.#assertTablespaces();
  }

  #assertTablespaces(): void {
    const tablespaces = this.#results[1]!;
    const outside = tablespaces.find(row => row[0] !== null);
    if (outside)
      throw new BackupError(
        'SERVER',
        `The tablespace in ${outside[1]} lies outside of the data folder, which these backups do not cover.`,
        'Move its tables (alter table … set tablespace pg_default) and drop it, or use pgBackRest or WAL-G.',
      );
    this.#onBegin(Number(tablespaces[0]?.[2] ?? 0) * 1024);
  }

  async pieces(rows: readonly (readonly Cell[])[]): Promise<void> {
    for (const [cell] of rows) await this.#piece(cell!);
  }

  #piece(message: Buffer): void | Promise<void> {
    const body = message.subarray(1);
    switch (message[0]) {
      case 0x6e: // n: an archive begins
        this.#part = 'files';
        return;
      case 0x6d: // m: the manifest begins
        this.#part = 'manifest';
        return;
      case 0x70: // p: progress
        return;
      case 0x64: // d
        if (this.#part === 'files') return this.#onData(body);
        this.#manifestBytes += body.length;
        if (this.#part === 'nothing' || this.#manifestBytes > maxManifestBytes) throw unexpected();
        this.#manifest.push(body);
        return;
      default:
        throw unexpected();
    }
  }

  end(): BaseBackupResult {
    const [start, , stop] = this.#results;
    const [startLsn, timeline] = start?.[0] ?? [];
    const stopLsn = stop?.[0]?.[0];
    if (!startLsn || !timeline || !stopLsn || this.#manifestBytes === 0) throw unexpected();
    return {
      startLsn: startLsn.toString(),
      stopLsn: stopLsn.toString(),
      timeline: Number(timeline),
      manifest: Buffer.concat(this.#manifest),
    };
  }
}

function unexpected(): BackupError {
  return new BackupError(
    'SERVER',
    'The server did not send a base backup as PostgreSQL 17 does.',
    'Is it a PostgreSQL 17, reached without a pooler between?',
  );
}

/** Why a server cannot tell what has changed: its summaries of the WAL do not reach back so far. */
function explainIncremental(error: unknown): unknown {
  if (!(error instanceof PgError)) return error;
  return new BackupError(
    'SERVER',
    `No incremental backup can be made: ${error.message}.`,
    'Make a full one (peakstone backup create --full); the server needs summarize_wal=on from then on.',
    error,
  );
}
