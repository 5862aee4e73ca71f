/** Parameters of a remembered statement from a request's variables and session. Pure. */

import type { SqlValue } from '@peakstone/kernel/pg';
import type { Session } from '../auth/types.ts';
import { HasuraError } from '../errors.ts';
import { arrayText } from '../ir/readers.ts';
import type { ParamSource } from '../ir/value.ts';

/** @throws {HasuraError} for a missing session variable, or a value that does not fit */
export function fillParams(
  params: readonly ParamSource[],
  variables: Readonly<Record<string, unknown>>,
  session: Session,
): SqlValue[] {
  return params.map(param => fillParam(param, variables, session));
}

export function fillParam(
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
      return arrayText(param.items.map(item => fillParam(item, variables, session)));
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
