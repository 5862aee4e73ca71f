import { setTimeout } from 'node:timers/promises';
import { JOURNAL_SCHEMA } from '@peakstone/kernel/inventory';
import { type Client, quoteIdentifier as id, quoteLiteral as literal, type Pool } from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import { NEWEST_OID, REMEMBER_OBJECTS } from './made.ts';
import type { Note } from './notes.ts';
import type { World } from './world.ts';

/** An import that a journal tells of. */
export interface Begun {
  readonly identity: string;
  /** What was there before it. */
  readonly world: World;
  /** Null where an earlier version began it, which does not remember what is made. */
  readonly beganAt: Date | null;
  readonly isGivenUp: boolean;
}

export interface Unfinished {
  readonly world: World;
  /** Items that are done. */
  readonly position: number;
  readonly notes: readonly Note[];
  /** Items of which the server refused something. */
  readonly refused: readonly number[];
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * How far an import is, in the database itself: written in the transactions that do the work, so that after kill -9 it
 * says exactly what is there.
 *
 * Whoever owns what is imported runs what the dump says, and so may write there what it likes: how far it is (`state`,
 * `rows`) is all that it writes. What the administrator rests decisions on (`import`: what was there before; `role`: whom,
 * `extension`: what the import made) and what a person is told (`note`) is the administrator's alone, in a schema of its own.
 */
export class Journal {
  readonly #admin: Pool;
  readonly #client: Client;

  private constructor(admin: Pool, client: Client) {
    this.#admin = admin;
    this.#client = client;
  }

  /**
   * What a run before this one left unfinished, or null.
   * @throws {TransferError} when that was another dump's, or could have been written by others.
   */
  static async find(
    admin: Pool,
    client: Client,
    identity: string,
  ): Promise<{ journal: Journal; unfinished: Unfinished } | null> {
    const begun = await Journal.begun(admin);
    if (begun === null) return null;
    if (begun.identity !== identity)
      throw new TransferError(`The import of another dump is unfinished: ${firstFile(begun.identity)}.`, {
        hint: `Run it again to its end, or give it up, which leaves what it made: ${ABANDON}`,
      });
    // An earlier version's, which goes on without remembering what it makes.
    if (begun.beganAt === null)
      await admin.script(
        `alter table ${JOURNAL_SCHEMA}.state add column if not exists newest_oid oid, add column if not exists next_xid xid`,
      );
    await admin.script(ownTransactions(begun.world.owner));
    const notes = cells(
      await admin.query(`select note, position from ${JOURNAL_SCHEMA}.note order by position`),
    );
    const [[position]] = (await texts(client, `select position from ${JOURNAL_SCHEMA}.state`)) as [[string]];
    const rows = await texts(client, `select relation, count from ${JOURNAL_SCHEMA}.rows`);
    return {
      journal: new Journal(admin, client),
      unfinished: {
        world: begun.world,
        position: Number(position),
        notes: notes.map(([note]) => JSON.parse(note!) as Note),
        refused: notes.flatMap(([note, at]) =>
          (JSON.parse(note!) as Note).kind === 'failed' ? [Number(at)] : [],
        ),
        rows: Object.fromEntries(rows.map(([relation, count]) => [relation!, Number(count)])),
      },
    };
  }

  /** The import that was begun and neither ended nor given up; or null. @throws as `find` */
  static async begun(admin: Pool): Promise<Begun | null> {
    const kept = await Journal.kept(admin);
    return kept === null || kept.isGivenUp ? null : kept;
  }

  /** The same, or one that was given up, of which it is still known what it made. @throws as `find` */
  static async kept(admin: Pool): Promise<Begun | null> {
    if (!(await isImportUnfinished(admin))) return null;
    // By name, as an earlier version's journal lacks some of them.
    const [kept] = cells(
      await admin.query(
        `select identity, world, to_jsonb(i) ->> 'began_at', to_jsonb(i) ->> 'is_given_up' = 'true' from ${JOURNAL_SCHEMA}.import i`,
      ),
    );
    if (!kept) return null;
    const [identity, world, beganAt, isGivenUp] = kept;
    return {
      identity: identity!,
      world: JSON.parse(world!) as World,
      beganAt: beganAt === null ? null : new Date(beganAt!),
      isGivenUp: isGivenUp === 't',
    };
  }

  /** @param beganAt before anything was changed. Of one that was given up nothing is remembered any more */
  static async begin(
    admin: Pool,
    client: Client,
    identity: string,
    world: World,
    beganAt: Date,
  ): Promise<Journal> {
    const owner = id(world.owner);
    await admin.script(`begin;
      drop schema if exists ${JOURNAL_SCHEMA} cascade;
      create schema ${JOURNAL_SCHEMA};
      create table ${JOURNAL_SCHEMA}.import (identity text not null, world jsonb not null, began_at timestamptz not null,
        is_given_up boolean not null default false);
      create table ${JOURNAL_SCHEMA}.before (classid oid, objid bigint, primary key (classid, objid));
      create table ${JOURNAL_SCHEMA}.role (oid oid primary key);
      create table ${JOURNAL_SCHEMA}.extension (oid oid primary key);
      create table ${JOURNAL_SCHEMA}.note (position bigint not null, note jsonb not null);
      -- A key, as a publication of the dump's may be for all tables, which then lets nothing without one be changed.
      create table ${JOURNAL_SCHEMA}.state (position bigint primary key, newest_oid oid not null, next_xid xid not null);
      create table ${JOURNAL_SCHEMA}.rows (relation text primary key, count bigint not null);
      create table ${JOURNAL_SCHEMA}.own ();
      ${REVOKE_DEFAULTS};
      grant usage on schema ${JOURNAL_SCHEMA} to ${owner};
      grant select, insert on ${JOURNAL_SCHEMA}.own to ${owner};
      grant select, update on ${JOURNAL_SCHEMA}.state to ${owner};
      grant select, insert, update on ${JOURNAL_SCHEMA}.rows to ${owner};
      grant select on ${JOURNAL_SCHEMA}.before to ${owner};
      insert into ${JOURNAL_SCHEMA}.import values (${literal(identity)}, ${literal(JSON.stringify(world))}, ${literal(beganAt.toISOString())});
      ${REMEMBER_OBJECTS};
      ${'cron.job' in world.relations ? `insert into ${JOURNAL_SCHEMA}.before select 'cron.job'::regclass, jobid from cron.job;` : ''}
      insert into ${JOURNAL_SCHEMA}.state values (0, ${NEWEST_OID}, ${NEXT_XID});
      commit`);
    return new Journal(admin, client);
  }

  /** Inside of the transaction that did the work. */
  async advance(position: number): Promise<void> {
    await this.#client.script(
      `${MARK_OWN}; update ${JOURNAL_SCHEMA}.state set position = ${position}, newest_oid = ${NEWEST_OID}, next_xid = ${NEXT_XID}`,
    );
  }

  /** At once: what was refused is refused again, and told once, where the work beside it is undone. */
  async note(position: number, note: Note): Promise<void> {
    // PostgreSQL's JSON holds no zero character.
    const text = JSON.stringify(note).replaceAll('\\u0000', '');
    await this.#admin.script(`insert into ${JOURNAL_SCHEMA}.note values (${position}, ${literal(text)})`);
  }

  /** Inside of the transaction that did the work. */
  async rows(relation: string, count: number): Promise<void> {
    await this.#client.script(
      `insert into ${JOURNAL_SCHEMA}.rows values (${literal(relation)}, ${count}) on conflict (relation) do update set count = rows.count + excluded.count`,
    );
  }

  async end(): Promise<void> {
    await forgetImport(this.#admin);
  }
}

/** It is not taken up again, and still known what it made. */
export async function giveImportUp(admin: Pool, owner: string): Promise<void> {
  await admin.script(`${ownTransactions(owner)}; update ${JOURNAL_SCHEMA}.import set is_given_up = true`);
}

/** Nothing of an import is remembered any more. */
export async function forgetImport(admin: Pool): Promise<void> {
  await admin.script(`drop schema if exists ${JOURNAL_SCHEMA} cascade`);
}

/** Says of the (sub)transaction that is open that it is the import's own: the row's xmin is that of all else it writes. */
export const MARK_OWN = `insert into ${JOURNAL_SCHEMA}.own default values`;

/** An earlier version's journal has none, so that nothing is known to be that import's. */
function ownTransactions(owner: string): string {
  return `create table if not exists ${JOURNAL_SCHEMA}.own (); grant select, insert on ${JOURNAL_SCHEMA}.own to ${id(owner)}`;
}

/** The first transaction that has not begun: what it and those after it write is others'. */
const NEXT_XID = 'pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::xid';

const ABANDON = 'peakstone import abandon';
const FORGET = `peakstone sql --superuser 'drop schema ${JOURNAL_SCHEMA} cascade'`;

/** Default privileges of whoever makes tables give them away. */
const REVOKE_DEFAULTS = `do ${literal(`
declare given record;
begin
  for given in
    select distinct coalesce(pg_catalog.quote_ident(r.rolname), 'public') as name
    from (
      select relowner, relacl from pg_catalog.pg_class where relnamespace = '${JOURNAL_SCHEMA}'::regnamespace
      union all select nspowner, nspacl from pg_catalog.pg_namespace where nspname = '${JOURNAL_SCHEMA}') made (owner, acl),
      pg_catalog.aclexplode(made.acl) a left join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> made.owner
  loop
    execute pg_catalog.format('revoke all on all tables in schema ${JOURNAL_SCHEMA} from %1$s; revoke all on schema ${JOURNAL_SCHEMA} from %1$s', given.name);
  end loop;
end`)}`;

/**
 * Whether a run before this one was ended in the middle. A schema that is the administrator's stays so.
 * @throws {TransferError} where it is another's, who could have written what is believed.
 */
export async function isImportUnfinished(admin: Pool): Promise<boolean> {
  const [found] = cells(
    await admin.query(`
      select bool_and(o.rolname = current_user or o.rolsuper), bool_or(made.is_import)
      from (
        select nspowner, false from pg_namespace where nspname = '${JOURNAL_SCHEMA}'
        union all select c.relowner, c.relname = 'import' and c.relkind = 'r' from pg_class c
        join pg_namespace n on n.oid = c.relnamespace where n.nspname = '${JOURNAL_SCHEMA}' and c.relkind <> 't'
      ) made (owner, is_import) join pg_roles o on o.oid = made.owner`),
  );
  const [isOurs = null, isThere = null] = found ?? [];
  if (isOurs === 'f')
    throw new TransferError(
      `Schema ${JOURNAL_SCHEMA} is not the administrator’s alone, so that nothing in it is believed.`,
      { hint: `Remove it, which leaves what an import made: ${FORGET}` },
    );
  return isThere === 't';
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

/** Whether one goes on now: somebody holds that lock. */
export async function isImportUnderWay(admin: Pool): Promise<boolean> {
  const [row] = cells(
    await admin.query(`
      select exists (select from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.locktype = 'advisory' and l.classid = 0 and l.objid = ${LOCK} and l.granted)`),
  );
  return row?.[0] === 't';
}

/** The last result's rows as texts. */
export async function texts(client: Client, sql: string): Promise<(string | null)[][]> {
  const results = await client.script(sql);
  return (results.at(-1)?.rows ?? []).map(row => row.map(cell => cell?.toString() ?? null));
}

function cells({ rows }: { readonly rows: readonly (readonly (Buffer | null)[])[] }): (string | null)[][] {
  return rows.map(row => row.map(cell => cell?.toString() ?? null));
}

function firstFile(identity: string): string {
  return identity.split('\n')[0]!.replace(/ \d+ \d+$/, '');
}
