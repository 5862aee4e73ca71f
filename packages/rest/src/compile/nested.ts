/** Compiling an insert of rows with the rows they are related to. */
import type { Catalog, Table } from '@peakstone/kernel/catalog';
import type { Sql } from '@peakstone/kernel/pg';
import { beyondErrors, requestErrors } from '../errors.ts';
import { readJson } from '../parse/jsonSpan.ts';
import type { Hold } from '../parse/payload/jsonText.ts';
import { assertPreferences } from '../parse/prefer.ts';
import type { ApiRequest } from '../parse/request.ts';
import { planMutate } from '../plan/mutate.ts';
import { planNested } from '../plan/nested.ts';
import type { ReadPlan } from '../plan/types.ts';
import { nestedSource, nestedSql, noKeysSql } from '../sql/nested.ts';
import { type StatementOptions, writtenStatement } from '../sql/statement.ts';
import { Parameters } from '../sql/writer.ts';

/** The first PostgreSQL whose MERGE says what it has inserted. */
const leastServerVersion = 170_000;

export interface NestedStatements {
  /** The inserts. */
  readonly before: readonly Sql[];
  /** What is shown of the new rows. */
  readonly statements: readonly Sql[];
}

/** Pure but for what `hold` does; yields between pieces of work. @throws {RestError} PGRST102, PGRST122, PEAK130 and those of `planNested`. */
export function* compileNested(
  table: Table,
  plan: ReadPlan,
  options: StatementOptions,
  request: ApiRequest,
  catalog: Catalog,
  exposedSchemas: readonly string[],
  hold: Hold,
): Generator<void, NestedStatements> {
  const { preferences, query, contentType, payload } = request;
  refuseBesidesNesting(request, options, catalog);
  const body =
    contentType.kind === 'json' && payload?.kind === 'bytes' ? yield* readJson(payload.bytes) : null;
  if (body === null) throw requestErrors.invalidBody('Empty or invalid json');
  assertPreferences(preferences);
  const nested = yield* planNested(table, body, { catalog, schema: table.schema, exposedSchemas, hold });
  // Of the plain insert only what it returns counts: which columns the response needs.
  const mutation = planMutate(
    table,
    { mutation: 'insert', query, preferences, columns: [], body: Buffer.alloc(0) },
    catalog,
    plan,
  );
  const source = nestedSource(nested, { schema: table.schema, name: table.name }, mutation.returning);
  const shown = writtenStatement(
    source,
    mutation,
    plan,
    options,
    preferences,
    new Parameters(options.maxResultBytes),
  );
  const { inserts, root } = nested;
  const before = inserts.length === 0 ? [noKeysSql(root)] : inserts.map(insert => nestedSql(nested, insert));
  return { before, statements: [shown] };
}

/** @throws {RestError} PEAK130 for what has no meaning beside a nested insert. */
function refuseBesidesNesting(
  { preferences, query }: ApiRequest,
  { mediaType }: StatementOptions,
  catalog: Catalog,
): void {
  const unwanted = [
    ...(preferences.resolution ? ['resolution'] : []),
    ...(query.onConflict ? ['on_conflict'] : []),
    ...(query.columns ? ['columns'] : []),
    ...(mediaType.kind === 'plan' ? ['an execution plan'] : []),
  ];
  if (unwanted.length > 0) {
    throw beyondErrors.invalidNesting(`It does not go together with ${unwanted.join(' and ')}.`);
  }
  if (catalog.serverVersion < leastServerVersion) {
    throw beyondErrors.invalidNesting('The database is older than PostgreSQL 17, whose MERGE it takes.');
  }
}
