/** Removes what an import made, as its owner: what is not the owner's to remove stays, and so does what others rest on. */
import { JOURNAL_SCHEMA } from '@peakstone/kernel/inventory';
import { type Client, quoteIdentifier as id, quoteLiteral as literal, PgError } from '@peakstone/kernel/pg';
import type { Administrator } from './administrator/index.ts';
import { texts } from './journal.ts';
import { isOwn, listMade, listReferences, type MadeObject } from './made.ts';
import type { World } from './world.ts';

export interface Undone {
  /** What is gone. */
  readonly removed: readonly MadeObject[];
  /** What is still there, and why. */
  readonly left: readonly { readonly type: string; readonly name: string; readonly why: string }[];
  /** Rows that were taken out of tables which had been there before. */
  readonly rows: number;
}

export interface Undo {
  readonly administrator: Administrator;
  readonly client: Client;
  readonly world: World;
  readonly signal?: AbortSignal | undefined;
}

/** What is removed together: each removal holds locks until its transaction ends. */
const BATCH = 100;
const LATER = 'it is not known to be the import’s own: another transaction made or changed it';
const FOREIGN_ROWS = 'it holds rows that another transaction than the import’s wrote';

/** May be repeated, so that one that was ended in its middle goes on. */
export async function undoImport(undo: Undo): Promise<Undone> {
  const { administrator, client, world } = undo;
  const { onlooker } = administrator;
  const rows = await removeRows(undo);
  const jobs = await removeJobs(client, world);
  // One that cannot go is told with its table.
  for (const statement of await listReferences(onlooker)) await attempt(client, statement);
  const all = await listMade(onlooker, world.owner);
  const kept = all.filter(({ isLater }) => isLater);
  const failed = await removeAll(
    undo,
    all.filter(each => !each.isLater && each.drop !== null),
  );
  const administered = await removeAdministered(undo);
  const stays = (await listMade(onlooker, world.owner)).map(({ type, name }) => `${type} ${name}`);
  return {
    removed: all.filter(({ type, name }) => !stays.includes(`${type} ${name}`)),
    left: [
      ...kept.map(({ type, name }) => ({ type, name, why: LATER })),
      ...[...failed].map(([{ type, name }, why]) => ({ type, name, why })),
      ...rows.left,
      ...jobs,
      ...administered,
    ],
    rows: rows.count,
  };
}

/** Round by round, as one may rest on another whatever the order they came in. @returns what stays, and why */
async function removeAll(
  { client, signal }: Undo,
  objects: readonly MadeObject[],
): Promise<ReadonlyMap<MadeObject, string>> {
  for (let rest = objects; ; ) {
    const failed = new Map<MadeObject, string>();
    for (let from = 0; from < rest.length; from += BATCH) {
      signal?.throwIfAborted();
      await client.script('begin');
      for (const each of rest.slice(from, from + BATCH)) {
        const why = (await await holdsForeignRows(client, each))
          ? FOREIGN_ROWS
          : await attempt(client, each.drop!);
        if (why !== null) failed.set(each, why);
      }
      await client.script('commit');
    }
    if (failed.size === 0 || failed.size === rest.length) return failed;
    rest = [...failed.keys()];
  }
}

/** Under a lock that is held until it is gone. What may not be locked or read is told by the removal itself, which asks for more. */
async function holdsForeignRows(client: Client, { type, name }: MadeObject): Promise<boolean> {
  if (type !== 'table') return false;
  if ((await attempt(client, `lock table only ${name} in access exclusive mode`)) !== null) return false;
  const [row] = await texts(
    client,
    `select c.relkind = 'r' from pg_catalog.pg_class c where c.oid = ${literal(name)}::pg_catalog.regclass`,
  );
  if (row?.[0] !== 't') return false;
  const [found] = await texts(
    client,
    `select exists (select from only ${name} where not (${isOwn('xmin')}))`,
  );
  return found?.[0] !== 'f';
}

/** One statement, in the transaction that is open or by itself. @returns why the server refused it */
async function attempt(client: Client, statement: string): Promise<string | null> {
  const isInside = client.transaction !== 'none';
  if (isInside) await client.script('savepoint peakstone');
  try {
    await client.script(statement);
    if (isInside) await client.script('release savepoint peakstone');
    return null;
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    if (isInside) await client.script('rollback to savepoint peakstone; release savepoint peakstone');
    return whyOf(error);
  }
}

/** Of tables that were there before. */
async function removeRows({
  client,
  world,
}: Undo): Promise<{ readonly count: number; readonly left: Undone['left'] }> {
  const filled = await texts(client, `select relation from ${JOURNAL_SCHEMA}.rows order by relation`);
  const left: { type: string; name: string; why: string }[] = [];
  let count = 0;
  for (const [relation] of filled) {
    if (!(relation! in world.relations)) continue;
    const name = relation!.split('.').map(id).join('.');
    const statement = `delete from ${name} where ${isOwn('xmin')}`;
    try {
      const [result] = await client.script(statement);
      count += Number(/^DELETE (\d+)$/.exec(result?.tag ?? '')?.[1] ?? 0);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      // Somebody has removed the table since, and its rows with it.
      if (error.code !== '42P01') left.push({ type: 'rows of', name: relation!, why: error.message });
    }
  }
  return { count, left };
}

/** Jobs that came with it. */
async function removeJobs(client: Client, { relations }: World): Promise<Undone['left']> {
  if (!('cron.job' in relations)) return [];
  // The owner's own are all that it may see.
  await client.script('set row_security = on');
  const why = await attempt(
    client,
    `select cron.unschedule(jobid) from cron.job where username = current_user
     and jobid not in (select objid from ${JOURNAL_SCHEMA}.before where classid = 'cron.job'::pg_catalog.regclass)
     and pg_catalog.age(xmin) > (select pg_catalog.age(next_xid) from ${JOURNAL_SCHEMA}.state)`,
  );
  await client.script('set row_security = off');
  return why === null ? [] : [{ type: 'jobs in', name: 'cron.job', why }];
}

/** By the administrator, who made them and remembers which. What rests on one keeps it. */
async function removeAdministered({ administrator }: Undo): Promise<Undone['left']> {
  const { rows } = await administrator.onlooker.query(
    `select 'extension', extname from ${JOURNAL_SCHEMA}.extension m join pg_extension e on e.oid = m.oid
     union all select 'role', rolname from ${JOURNAL_SCHEMA}.role m join pg_roles r on r.oid = m.oid order by 1, 2`,
  );
  const left: { type: string; name: string; why: string }[] = [];
  for (const [kind, given] of rows) {
    const [type, name] = [String(kind), String(given)];
    try {
      await administrator.do(
        type === 'role' ? { kind: 'drop role', role: name } : { kind: 'drop extension', extension: name },
      );
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      left.push({ type, name, why: whyOf(error) });
    }
  }
  return left;
}

/** What rests on it, of which there may be much, is named by its first. */
function whyOf({ message, fields: { detail } }: PgError): string {
  return detail === undefined ? message : `${message}: ${detail.split('\n')[0]}`;
}
