/**
 * A compiled request whose values can be replaced. To learn where they go, a request is compiled once with marks in their place,
 * and its body is found by its identity. Nothing else of a statement depends on either.
 */
import type { Catalog } from '@peakstone/kernel/catalog';
import { runWhole } from '@peakstone/kernel/pace';
import type { Sql, SqlValue } from '@peakstone/kernel/pg';
import { type Compiled, compileAction } from '../compile.ts';
import type { RestConfig } from '../config/types.ts';
import type { ApiRequest } from '../parse/request.ts';

export interface Template {
  /** Of its statements, the values that are replaced hold nothing. */
  readonly compiled: Compiled;
  /** For each statement: which parameters take the value of each hole, and which the body. */
  readonly places: readonly Places[];
}

interface Places {
  readonly ofHoles: readonly (readonly number[])[];
  readonly ofBody: readonly number[];
}

/** `api` holds `marks` in place of values. Null when it does not compile, or when a value leaves no trace. */
export function learnTemplate(
  api: ApiRequest,
  marks: readonly string[],
  catalog: Catalog,
  config: RestConfig,
): Template | null {
  const body = bodyOf(api);
  let compiled: Compiled;
  try {
    compiled = runWhole(compileAction(api, catalog, config, () => {}));
  } catch {
    // Refused: the request itself, compiled as it is, says why in its own words.
    return null;
  }
  const places = compiled.statements.map(
    ({ values }): Places => ({
      ofHoles: marks.map(mark => indexesOf(values, mark)),
      ofBody: body === null ? [] : indexesOf(values, body),
    }),
  );
  const isFit = marks.every((_mark, hole) => places.some(({ ofHoles }) => ofHoles[hole]!.length > 0));
  if (!isFit) return null;
  const statements = compiled.statements.map((statement, i) => ({
    ...statement,
    values: replaced(
      statement.values,
      places[i]!,
      marks.map(() => null),
      null,
    ),
  }));
  return { compiled: { ...compiled, statements }, places };
}

/** The compiled request with these values and the body of `api`. */
export function fillTemplate(
  { compiled, places }: Template,
  given: readonly string[],
  api: ApiRequest,
): Compiled {
  const body = bodyOf(api);
  if (given.length === 0 && body === null) return compiled;
  const statements = compiled.statements.map(
    (statement, i): Sql => ({ ...statement, values: replaced(statement.values, places[i]!, given, body) }),
  );
  return { ...compiled, statements };
}

function bodyOf({ payload }: ApiRequest): Buffer | null {
  return payload?.kind === 'bytes' ? payload.bytes : null;
}

function indexesOf(values: readonly SqlValue[], wanted: SqlValue): number[] {
  return values.flatMap((value, i) => (value === wanted ? [i] : []));
}

function replaced(
  values: readonly SqlValue[],
  { ofHoles, ofBody }: Places,
  given: readonly SqlValue[],
  body: SqlValue,
): readonly SqlValue[] {
  const filled = [...values];
  ofHoles.forEach((indexes, hole) => {
    for (const index of indexes) filled[index] = given[hole] ?? null;
  });
  for (const index of ofBody) filled[index] = body;
  return filled;
}
