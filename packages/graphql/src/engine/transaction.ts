/** A group of statements as one exchange: who asks first, then what is asked. */

import type { Exchange, Statement } from '@peakstone/kernel/pg';
import { type RoleConfig, type TransactionMode, transactionSettings } from '@peakstone/kernel/request';
import { adminRole, type Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { fillStatement, sessionJson } from './fill.ts';
import type { GraphqlRequest, StatementGroup } from './types.ts';

export interface Transaction {
  readonly exchange: Exchange;
  /** Where in its results those of the group begin. */
  readonly first: number;
  readonly statements: readonly Statement[];
}

/** Statements that are filled before others get their turn. */
const statementsAtOnce = 64;

export interface TransactionOptions {
  readonly authorization: GraphqlConfig['authorization'];
  /** Settings of the source's roles. */
  readonly roles: RoleConfig;
  readonly isShort: (text: string) => boolean;
}

/** Yields between many values. @throws {HasuraError} for session variables that are missing */
export function* planTransaction(
  group: StatementGroup,
  request: Pick<GraphqlRequest, 'variables'>,
  session: Session,
  { isShort, ...options }: TransactionOptions,
): Generator<void, Transaction> {
  const statements: Statement[] = [];
  for (const [i, template] of group.statements.entries()) {
    statements.push(yield* fillStatement(template, request.variables, session));
    if (i % statementsAtOnce === statementsAtOnce - 1) yield;
  }
  const opening = openSession(session, group.writes ? 'read write' : 'read only', options);
  const isAllShort = statements.every(({ text }) => isShort(text));
  const lane = !isAllShort ? 'own' : group.writes ? 'write' : 'shared';
  return {
    exchange: { ...opening, statements: [...opening.statements, ...statements], lane },
    first: opening.statements.length,
    statements,
  };
}

/** How a transaction begins that is somebody's: an exchange to which his statements are added. */
export function openSession(
  session: Session,
  access: 'read only' | 'read write',
  { authorization, roles }: Pick<TransactionOptions, 'authorization' | 'roles'>,
): Pick<Exchange, 'begin' | 'statements'> {
  if (!isDatabaseRole(session, authorization)) return { statements: [userSettings(session, access)] };
  const level = roles.isolationLevels.get(session.role) ?? 'read committed';
  // The protocol's implicit transaction saves a statement, and knows the default level alone.
  if (level === 'read committed') return { statements: [roleSettings(session, access, roles)] };
  return {
    begin: `begin isolation level ${level} ${access}`,
    statements: [roleSettings(session, 'begun', roles)],
  };
}

/** Whether the database decides over what the session may do, by its role and claims. */
export function isDatabaseRole({ role }: Session, authorization: GraphqlConfig['authorization']): boolean {
  return authorization === 'rls' && role !== adminRole;
}

/** The login role asks, and permissions stand in the statement; functions and policies may look who the user is. */
function userSettings(session: Session, mode: TransactionMode): Statement {
  return transactionSettings({
    mode,
    searchPath: null,
    ofRole: [],
    role: null,
    request: [['hasura.user', sessionJson(session)]],
    others: [],
  });
}

/** The user's role asks, and the database decides; what an administrator set for the role holds, such as `statement_timeout`. */
function roleSettings(session: Session, mode: TransactionMode, { settings }: RoleConfig): Statement {
  return transactionSettings({
    mode,
    searchPath: 'public, extensions',
    ofRole: settings.get(session.role) ?? [],
    role: session.role,
    request: [
      // Without a token the session's variables are all that there is: auth.jwt() looks at these then.
      ['request.jwt.claims', session.claimsJson ?? ''],
      ['hasura.user', sessionJson(session)],
    ],
    others: [],
  });
}
