/** Brings the databases of sources to what the metadata says of event triggers. */
import { PgError, type Pool, TRUST_CATALOG_ONLY } from '@peakstone/kernel/pg';
import { HasuraError } from '../errors.ts';
import type { Model, SourceModel } from '../model/types.ts';
import { createEventTables, dropEventTables } from './tables.ts';
import { type DatabaseTrigger, databaseTriggers, dropTrigger, type TriggerSqlOptions } from './triggerSql.ts';
import type { EventTriggerConf } from './types.ts';

export interface InstallOptions extends TriggerSqlOptions {
  /** Of a source, also of one that is no longer in the metadata. */
  pool(source: string): Pool;
}

/**
 * Makes triggers that are new or other than before, and drops those that are gone. `before` is null at the start, when
 * whatever is there is brought up to date.
 * @throws {HasuraError} with what PostgreSQL refuses
 */
export async function installTriggers(
  before: Model | null,
  after: Model,
  options: InstallOptions,
): Promise<void> {
  const names = new Set([...(before?.sources.keys() ?? []), ...after.sources.keys()]);
  for (const name of names) {
    const was = triggersOf(before?.sources.get(name), options);
    const is = triggersOf(after.sources.get(name), options);
    // A source that cannot be reached for now keeps what it has.
    if (after.metadata.sources.some(each => each.name === name) && !after.sources.has(name)) continue;
    const gone = [...was.values()].filter(trigger => !is.has(trigger.name));
    const other = [...is.values()].filter(trigger => was.get(trigger.name)?.create !== trigger.create);
    // A start waits for no lock where all is as it should be.
    const made = before === null && other.length > 0 ? await missing(options.pool(name), other) : other;
    const isForgotten = was.size > 0 && is.size === 0 && !hasTables(after.sources.get(name));
    const statements = [
      ...gone.map(dropTrigger),
      ...(made.length > 0 ? [createEventTables] : []),
      ...made.map(trigger => trigger.create),
      ...(isForgotten ? [dropEventTables] : []),
    ];
    if (statements.length === 0) continue;
    await run(options.pool(name), statements);
  }
}

function hasTables(source: SourceModel | undefined): boolean {
  return (source?.metadata.tables.length ?? 0) > 0;
}

/** Those that the database has not, or has otherwise. */
async function missing(pool: Pool, triggers: readonly DatabaseTrigger[]): Promise<DatabaseTrigger[]> {
  const results = await pool.exchange({
    statements: [
      TRUST_CATALOG_ONLY,
      {
        text: `select p.proname, p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_trigger t on t.tgfoid operator(pg_catalog.=) p.oid
          where p.pronamespace operator(pg_catalog.=) pg_catalog.to_regnamespace('hdb_catalog')`,
        values: [],
        prepare: false,
      },
    ],
  });
  const known = new Map(results[1]!.rows.map(([name, body]) => [name!.toString(), body!.toString()]));
  return triggers.filter(({ name, body }) => known.get(name) !== body);
}

async function run(pool: Pool, statements: readonly string[]): Promise<void> {
  const script = ["select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)", ...statements];
  try {
    await pool.script(`begin;\n${script.join(';\n')};\ncommit`);
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    throw new HasuraError('unexpected', `an event trigger could not be made: ${error.message}`, {
      path: ['args'],
      cause: error,
      status: 400,
    });
  }
}

function triggersOf(
  source: SourceModel | undefined,
  options: TriggerSqlOptions,
): ReadonlyMap<string, DatabaseTrigger> {
  const found = new Map<string, DatabaseTrigger>();
  for (const table of source?.tables.values() ?? [])
    for (const trigger of (table.metadata.event_triggers ?? []) as unknown as readonly EventTriggerConf[])
      for (const each of databaseTriggers(trigger, table, options)) found.set(each.name, each);
  return found;
}
