/** A source's database as operations use it: who asks, in which lane, and whose turn it is. */
import type { Client, Exchange, Pool, Result, Turns } from '@peakstone/kernel/pg';
import type { RoleConfig } from '@peakstone/kernel/request';
import { adminRole, type Session } from '../auth/types.ts';

export interface Database {
  /** A connection of one's own, on which a transaction stays open. @throws {ConnectionError} */
  connect(): Promise<Client>;
  /** The server's own sessions: it reads catalogs in them, and runs what the administrator asks. */
  readonly pool: Pool;
  /** Those of users where the database decides, which log in as nobody to whom anything belongs. */
  readonly requests: Pool;
  /** What administrators set for the roles that the login may become; nothing where no role of the database is asked for. */
  readonly roles: RoleConfig;
  /** Nobody, however many requests he sends, has more than half of the connections for slow work. */
  readonly turns: Turns;
}

export interface Ran {
  readonly results: readonly Result[];
  /** Without the wait for a turn. */
  readonly durationMs: number;
}

/** In whose sessions a role's statements run. */
export function poolFor(role: string, { pool, requests }: Database): Pool {
  return role === adminRole ? pool : requests;
}

/** Runs an exchange for somebody: what is known to be short at once, all else when it is his turn. */
export function runFor(
  { role, variables, isAdmin }: Session,
  database: Database,
  exchange: Exchange,
): Promise<Ran> {
  const run = async (): Promise<Ran> => {
    const startedAt = performance.now();
    const results = await poolFor(role, database).exchange(exchange);
    return { results, durationMs: performance.now() - startedAt };
  };
  // The administrator is an application's own server, which asks for everybody.
  if (isAdmin || (exchange.lane ?? 'own') !== 'own') return run();
  return database.turns.run(askerOf({ role, variables }), run, exchange.signal);
}

/** Who counts as one where turns are taken. */
export function askerOf({ role, variables }: Pick<Session, 'role' | 'variables'>): string {
  const user = variables.get('x-hasura-user-id');
  return user === undefined ? role : `${role} ${user}`;
}
