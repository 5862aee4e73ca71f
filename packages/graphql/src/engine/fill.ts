/** Parameters of a remembered statement from a request's variables and session. Pure. */

import { runWhole } from '@peakstone/kernel/pace';
import type { Sql, SqlValue } from '@peakstone/kernel/pg';
import type { Session } from '../auth/types.ts';
import { HasuraError } from '../errors.ts';
import { stringifyJsonSlices } from '../ir/jsonSlices.ts';
import { ArrayText } from '../ir/readers.ts';
import type { ParamSource } from '../ir/value.ts';
import type { StatementTemplate } from '../sql/writer.ts';

/** The statement with its values. Yields between many. @throws as `fillParams` */
export function* fillStatement(
  { text, large, params }: StatementTemplate,
  variables: Readonly<Record<string, unknown>>,
  session: Session,
): Generator<void, Sql> {
  return { text, ...(large && { large }), values: yield* fillParams(params, variables, session) };
}

/** Values that are read before others get their turn. */
const valuesAtOnce = 256;

/** Yields between many. @throws {HasuraError} for a missing session variable, or a value that does not fit */
export function* fillParams(
  params: readonly ParamSource[],
  variables: Readonly<Record<string, unknown>>,
  session: Session,
): Generator<void, SqlValue[]> {
  const values: SqlValue[] = [];
  for (const [i, param] of params.entries()) {
    const isMany = param.kind === 'array' || param.kind === 'list' || param.kind === 'json';
    values.push(isMany ? yield* fillMany(param, variables, session) : fillParam(param, variables, session));
    if (i % valuesAtOnce === valuesAtOnce - 1) yield;
  }
  return values;
}

type ManyValues = ParamSource & { readonly kind: 'array' | 'list' | 'json' };

function* fillMany(
  param: ManyValues,
  variables: Readonly<Record<string, unknown>>,
  session: Session,
): Generator<void, string> {
  if (param.kind === 'json') return yield* stringifyJsonSlices(valueAt(variables, param.path));
  const text = new ArrayText();
  const add = (item: unknown): void =>
    text.add(param.kind === 'list' ? param.read(item) : fillParam(item as ParamSource, variables, session));
  const items = param.kind === 'list' ? listAt(variables, param.path) : param.items;
  for (const [i, item] of items.entries()) {
    add(item);
    if (i % valuesAtOnce === valuesAtOnce - 1) yield;
  }
  return text.end();
}

/** One value that is no list is a list of itself. */
function listAt(
  variables: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
): readonly unknown[] {
  const value = valueAt(variables, path);
  return Array.isArray(value) ? value : [value];
}

function fillParam(
  param: ParamSource,
  variables: Readonly<Record<string, unknown>>,
  session: Session,
): string | null {
  switch (param.kind) {
    case 'constant':
      return param.text;
    case 'variable':
      return param.read(valueAt(variables, param.path));
    case 'session': {
      const value = session.variables.get(param.name);
      if (value === undefined)
        throw new HasuraError('not-found', `missing session variable: "${param.name}"`, { status: 400 });
      return value;
    }
    case 'sessionJson':
      return sessionJson(session);
    case 'cursor':
      return fillParam(param.initial, variables, session);
    case 'array':
    case 'list':
    case 'json':
      return runWhole(fillMany(param, variables, session));
  }
}

function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  for (const step of path) value = (value as Record<string | number, unknown>)[step];
  return value;
}

const sessionTexts = new WeakMap<Session, string>();

/** All session variables as JSON, as functions and `hasura.user` get them. */
export function sessionJson(session: Session): string {
  let text = sessionTexts.get(session);
  if (text === undefined) {
    text = JSON.stringify(Object.fromEntries(session.variables));
    sessionTexts.set(session, text);
  }
  return text;
}
