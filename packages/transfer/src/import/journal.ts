import { setTimeout } from 'node:timers/promises';
import { JOURNAL_SCHEMA } from '@peakstone/kernel/inventory';
import { type Client, connectClient, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import type { Note } from './notes.ts';
import type { World } from './world.ts';

export interface Unfinished {
  readonly world: World;
  /** Items that are done. */
  readonly position: number;
  readonly notes: readonly Note[];
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * How far an import is, in the database itself: written in the transactions that do the work, so that after kill -9 it
 * says exactly what is there.
 */
export class Journal {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /**
   * What a run before this one left unfinished, or null.
   * @throws {TransferError} when that was another dump's.
   */
  static async find(
    client: Client,
    identity: string,
  ): Promise<{ journal: Journal; unfinished: Unfinished } | null> {
    const [[exists]] = (await texts(
      client,
      `select pg_catalog.to_regclass('${JOURNAL_SCHEMA}.state') is not null`,
    )) as [[string]];
    if (exists !== 't') return null;
    const [state] = await texts(client, `select identity, world, position from ${JOURNAL_SCHEMA}.state`);
    if (!state) return null;
    if (state[0] !== identity)
      throw new TransferError(`The import of another dump is unfinished: ${firstFile(state[0]!)}.`, {
        hint: `Run it again to its end, or forget it, which leaves what it made: peakstone sql 'drop schema ${JOURNAL_SCHEMA} cascade'`,
      });
    const notes = await texts(client, `select note from ${JOURNAL_SCHEMA}.note order by position`);
    const rows = await texts(client, `select relation, count from ${JOURNAL_SCHEMA}.rows`);
    return {
      journal: new Journal(client),
      unfinished: {
        world: JSON.parse(state[1]!) as World,
        position: Number(state[2]),
        notes: notes.map(([note]) => JSON.parse(note!) as Note),
        rows: Object.fromEntries(rows.map(([relation, count]) => [relation!, Number(count)])),
      },
    };
  }

  /** Inside of a transaction. */
  static async begin(client: Client, identity: string, world: World): Promise<Journal> {
    await client.script(`
      create schema if not exists ${JOURNAL_SCHEMA};
      create table if not exists ${JOURNAL_SCHEMA}.state (identity text not null, world jsonb not null, position bigint not null);
      create table if not exists ${JOURNAL_SCHEMA}.note (position bigint not null, note jsonb not null);
      create table if not exists ${JOURNAL_SCHEMA}.rows (relation text primary key, count bigint not null);
      insert into ${JOURNAL_SCHEMA}.state values (${literal(identity)}, ${literal(JSON.stringify(world))}, 0)`);
    return new Journal(client);
  }

  /** Inside of the transaction that did the work. */
  async advance(position: number): Promise<void> {
    await this.#client.script(`update ${JOURNAL_SCHEMA}.state set position = ${position}`);
  }

  async note(position: number, note: Note): Promise<void> {
    // PostgreSQL's JSON holds no zero character.
    const text = JSON.stringify(note).replaceAll('\\u0000', '');
    await this.#client.script(`insert into ${JOURNAL_SCHEMA}.note values (${position}, ${literal(text)})`);
  }

  async rows(relation: string, count: number): Promise<void> {
    await this.#client.script(
      `insert into ${JOURNAL_SCHEMA}.rows values (${literal(relation)}, ${count}) on conflict (relation) do update set count = rows.count + excluded.count`,
    );
  }

  async end(): Promise<void> {
    await this.#client.script(`drop schema if exists ${JOURNAL_SCHEMA} cascade`);
  }
}

/** Whether a run before this one was ended in the middle. */
export async function isImportUnfinished(ownerUrl: string): Promise<boolean> {
  const client = await connectClient({ url: ownerUrl, parameters: { search_path: '' } });
  try {
    const [row] = await texts(client, `select pg_catalog.to_regclass('${JOURNAL_SCHEMA}.state') is not null`);
    return row?.[0] === 't';
  } finally {
    client.close();
  }
}

/** 'PeakStone import', as an advisory lock's number. */
const LOCK = 0x5053_494d;
const LOCK_TRIES = 300;
const LOCK_PAUSE_MS = 200;

/**
 * One import at a time: held as long as the session. The server may still be doing what a run that was killed had asked
 * for, and it must have ended before anybody reads how far that was.
 * @throws {TransferError} when another one goes on.
 */
export async function lockImport(client: Client): Promise<void> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    const [row] = await texts(client, `select pg_catalog.pg_try_advisory_lock(${LOCK})`);
    if (row?.[0] === 't') return;
    await setTimeout(LOCK_PAUSE_MS);
  }
  throw new TransferError('Another import into this database is under way.', {
    hint: 'Wait for its end, or end it.',
  });
}

/** The last result's rows as texts. */
export async function texts(client: Client, sql: string): Promise<(string | null)[][]> {
  const results = await client.script(sql);
  return (results.at(-1)?.rows ?? []).map(row => row.map(cell => cell?.toString() ?? null));
}

function firstFile(identity: string): string {
  return identity.split('\n')[0]!.replace(/ \d+ \d+$/, '');
}
