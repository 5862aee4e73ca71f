/**
 * `npm run conformance:diff -- (--pairs FILE | --corpus DIR) [--only REGEX] [--rename NAME:OLD=NEW] [--role NAME] [--verbose]`
 *
 * Goes from one schema to another by `diffDatabases` on throw-away servers, one for each side, so that neither sees the
 * other's roles (but for those that `--role` makes on both). FILE is a module that exports `pairs`, DIR pg-delta's repository or its corpus. Passed is what is applied,
 * converges, and loses no row or value that was not told of.
 */
import { parseArgs } from 'node:util';
import { startThrowaway, type Throwaway } from '@peakstone/database';
import { createPool } from '@peakstone/kernel/pg';
import {
  type Diff,
  diffDatabases,
  loadPgDelta,
  readRename,
  type ScratchDatabase,
} from '@peakstone/migrate/diff';
import { readCorpus, readPairs, type Scenario } from './conformance/diff/scenarios.ts';

const USAGE =
  'usage: npm run conformance:diff -- (--pairs FILE | --corpus DIR) [--only REGEX] [--rename NAME:OLD=NEW]… [--role NAME]… [--verbose]';

/** What a run of one came to. */
type Outcome =
  | { readonly kind: 'passed' | 'failed'; readonly diff: Diff }
  /** The server lacks what the scenario's own SQL needs. */
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'crashed'; readonly error: unknown };

/** Databases so far: each has a name of its own. */
let made = 0;
const options = readOptions();
process.exitCode = await main();

function readOptions() {
  try {
    return parseArgs({
      options: {
        pairs: { type: 'string' },
        corpus: { type: 'string' },
        only: { type: 'string' },
        rename: { type: 'string', multiple: true },
        role: { type: 'string', multiple: true },
        verbose: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  if ((options.pairs === undefined) === (options.corpus === undefined)) {
    console.error(USAGE);
    return 2;
  }
  const all = options.pairs !== undefined ? await readPairs(options.pairs) : readCorpus(options.corpus ?? '');
  const scenarios = all.filter(({ name }) => new RegExp(options.only ?? '').test(name));
  const engine = await loadPgDelta();
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const start = () =>
    startThrowaway({ binaries: 'embedded', settings: { max_connections: '60' } }, interrupted.signal);
  const sides = await Promise.all([start(), start()]);
  const outcomes: Outcome[] = [];
  try {
    for (const scenario of scenarios) {
      if (interrupted.signal.aborted) break;
      const outcome = await run(scenario, engine, sides);
      outcomes.push(outcome);
      report(scenario, outcome);
      await Promise.all(sides.map(dropRoles));
    }
  } finally {
    await Promise.all(sides.map(side => side.stop()));
  }
  const count = (...kinds: Outcome['kind'][]) => outcomes.filter(({ kind }) => kinds.includes(kind)).length;
  const skipped = count('skipped');
  const failed = count('failed', 'crashed');
  console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 ? 1 : 0;
}

async function run(
  scenario: Scenario,
  engine: Awaited<ReturnType<typeof loadPgDelta>>,
  [left, right]: readonly Throwaway[],
): Promise<Outcome> {
  const name = `s${++made}`;
  try {
    await Promise.all([left!.createDatabase(name), right!.createDatabase(name)]);
    for (const role of options.role ?? [])
      await Promise.all([left!, right!].map(side => sql(side.url(), `create role ${role}`)));
    await Promise.all([
      sql(left!.url(name), `${scenario.before};\n${scenario.rows}`),
      sql(right!.url(name), scenario.after),
    ]);
  } catch (error) {
    return { kind: 'skipped', reason: (error as Error).message };
  }
  try {
    const diff = await diffDatabases({
      engine,
      scope: { ignoredSchemas: [], ignoredTables: [], impliedOwners: [] },
      current: scratch(left!, name),
      desiredUrl: right!.url(name),
      renames: renamesOf(scenario).map(readRename),
    });
    return { kind: diff.unproven.length === 0 ? 'passed' : 'failed', diff };
  } catch (error) {
    return { kind: 'crashed', error };
  } finally {
    await Promise.all([left!, right!].map(side => dropScenario(side, name)));
  }
}

function renamesOf({ name, renames }: Scenario): readonly string[] {
  const given = (options.rename ?? []).filter(each => each.startsWith(`${name}:`));
  return [...renames, ...given.map(each => each.slice(name.length + 1))];
}

function scratch(side: Throwaway, name: string): ScratchDatabase {
  return {
    adminUrl: side.url(name),
    url: side.url(name),
    async copy() {
      const copy = `c${++made}`;
      await side.createDatabase(copy, { template: name });
      return scratch(side, copy);
    },
    drop: () => side.dropDatabase(name),
  };
}

async function sql(url: string, text: string): Promise<void> {
  const pool = createPool({ url, size: 1, sharedSize: 0, statementCacheSize: 0 });
  try {
    await pool.script(text);
  } finally {
    await pool.close();
  }
}

/** A database that subscribes to something cannot be dropped. */
async function dropScenario(side: Throwaway, name: string): Promise<void> {
  await sql(
    side.url(name),
    `do $$ declare s text; begin
       for s in select subname from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) loop
         execute format('alter subscription %I disable', s);
         execute format('alter subscription %I set (slot_name = none)', s);
         execute format('drop subscription %I', s);
       end loop;
     end $$`,
  );
  await side.dropDatabase(name);
}

/** Roles of one scenario must not be there in the next. */
async function dropRoles(side: Throwaway): Promise<void> {
  await sql(
    side.url(),
    `do $$ declare r text; begin
       for r in select rolname from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres' loop
         execute format('drop owned by %I; drop role %I', r, r);
       end loop;
     end $$`,
  );
}

function report({ name }: Scenario, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'skipped':
      console.log(`skip ${name}: ${outcome.reason}`);
      break;
    case 'crashed':
      console.log(`FAIL ${name}`, outcome.error);
      break;
    default: {
      const { files, losses, unmodelled, possibleRenames, withoutRows, unproven, missingRoles } =
        outcome.diff;
      console.log(`${outcome.kind === 'passed' ? 'ok  ' : 'FAIL'} ${name}`);
      for (const why of unproven) console.log(`     ${why}`);
      if (!options.verbose && outcome.kind === 'passed') break;
      for (const { part, inTransaction, statements } of files)
        console.log(
          [`     -- ${part}${inTransaction ? '' : ' (no transaction)'}`, ...statements].join('\n     '),
        );
      console.log(
        '     ',
        JSON.stringify({
          losses: losses.map(({ message }) => message),
          unmodelled,
          possibleRenames,
          withoutRows,
          missingRoles,
        }),
      );
    }
  }
}
