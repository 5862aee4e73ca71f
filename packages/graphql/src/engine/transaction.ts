/** A group of statements as one exchange: who asks first, then what is asked. */

import type { Exchange, Statement } from '@peakstone/kernel/pg';
import { transactionSettings } from '@peakstone/kernel/request';
import { adminRole, type Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { fillParams, sessionJson } from './fill.ts';
import type { GraphqlRequest, StatementGroup } from './types.ts';

export interface Transaction {
  readonly exchange: Exchange;
  /** Where in its results those of the group begin. */
  readonly first: number;
  readonly statements: readonly Statement[];
}

export interface TransactionOptions {
  readonly authorization: GraphqlConfig['authorization'];
  readonly isShort: (text: string) => boolean;
}

/** @throws {HasuraError} for session variables that are missing */
export function planTransaction(
  group: StatementGroup,
  request: Pick<GraphqlRequest, 'variables'>,
  session: Session,
  { authorization, isShort }: TransactionOptions,
): Transaction {
  const statements = group.statements.map(
    ({ text, params }): Statement => ({ text, values: fillParams(params, request.variables, session) }),
  );
  const mode = group.writes ? 'read write' : 'read only';
  const settings = sessionSettings(session, mode, authorization);
  const isAllShort = statements.every(({ text }) => isShort(text));
  const lane = !isAllShort ? 'own' : group.writes ? 'write' : 'shared';
  return { exchange: { statements: [settings, ...statements], lane }, first: 1, statements };
}

/** Tells the database who asks. */
export function sessionSettings(
  session: Session,
  mode: 'read only' | 'read write',
  authorization: GraphqlConfig['authorization'],
): Statement {
  return isDatabaseRole(session, authorization) ? roleSettings(session, mode) : userSettings(session, mode);
}

/** Whether the database decides over what the session may do, by its role and claims. */
export function isDatabaseRole({ role }: Session, authorization: GraphqlConfig['authorization']): boolean {
  return authorization === 'rls' && role !== adminRole;
}

const userTexts = {
  'read only':
    "select pg_catalog.set_config('transaction_read_only', 'on', true), pg_catalog.set_config('hasura.user', $1, true)",
  'read write':
    "select pg_catalog.set_config('transaction_read_only', 'off', true), pg_catalog.set_config('hasura.user', $1, true)",
} as const;

/** The login role asks, and permissions stand in the statement; functions and policies may look who the user is. */
function userSettings(session: Session, mode: keyof typeof userTexts): Statement {
  return { text: userTexts[mode], values: [sessionJson(session)] };
}

/** The user's role asks, and the database decides. */
function roleSettings(session: Session, mode: keyof typeof userTexts): Statement {
  return transactionSettings({
    mode,
    searchPath: 'public, extensions',
    ofRole: [],
    role: session.role,
    request: [
      // Without a token the session's variables are all that there is: auth.jwt() looks at these then.
      ['request.jwt.claims', session.claimsJson ?? ''],
      ['hasura.user', sessionJson(session)],
    ],
    others: [],
  });
}
