/** One request of this door, with all that is known of it by the time that a route gets it. */
import type { HttpRequest } from '@peakstone/kernel/http';
import type { Sql } from '@peakstone/kernel/pg';
import { type Asked, type Caller, type Database, type RunOptions, service } from '../records/database.ts';
import type { Records } from '../records/records.ts';
import type { Server } from '../server.ts';
import type { RecordCaller } from '../store/changes.ts';
import type { Store } from '../store/store.ts';
import type { Render } from './imageService.ts';
import type { Tokens } from './tokens.ts';

/** What all routes work with. */
export interface Door {
  readonly server: Server;
  readonly store: Store;
  readonly database: Database;
  readonly records: Records;
  readonly tokens: Tokens;
  /** Bytes of one object at most. */
  readonly maxObjectBytes: number;
  /** How long an upload in pieces may take. */
  readonly resumableMs: number;
  /** How long a URL to upload by holds. */
  readonly uploadUrlSeconds: number;
  /** Absent: no pictures are made here. */
  readonly render: Render | undefined;
}

export interface Call {
  readonly door: Door;
  readonly http: HttpRequest;
  /** Of the path, decoded. */
  readonly bucket: string;
  /** What the path ends with, decoded; empty where it ends with the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  /** Whoever has no token, or a bad one where that is allowed, is anonymous. */
  readonly caller: Caller;
  readonly isAuthenticated: boolean;
  readonly asked: Asked;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** On whose behalf a row is written. */
export function byCaller({ caller, asked }: Call): RecordCaller {
  return { ...caller, asked };
}

/** The rows of one statement, as the caller: row security decides. */
export async function asCaller<Row>(
  { door, caller, asked, signal }: Call,
  statement: Sql,
  options: RunOptions = {},
): Promise<Row[]> {
  const [rows] = await door.database.run(caller, [statement], { asked, signal, ...options });
  return rows as Row[];
}

/** Likewise, as the server itself. */
export async function asService<Row>({ door, asked }: Call, statement: Sql): Promise<Row[]> {
  const [rows] = await door.database.run(service, [statement], { asked });
  return rows as Row[];
}
