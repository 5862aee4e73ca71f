/** The console's ways into the database: one login for each role of operators, so that PostgreSQL decides what each may do. */
import { createPool, type Exchange, type Pool, type Result } from '@peakstone/kernel/pg';
import type { Operator, Role } from '../operators/roles.ts';
import { explain } from './explain.ts';

/** Connection URLs by role. An administrator works as a migrator until a password is asked for again. */
export type Logins = Readonly<Record<'viewer' | 'editor' | 'migrator', string>>;

/** Connections at most, of a role. */
const POOL_SIZE = 4;
/** Of one statement of the console's own; what people write in the editor has its own. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A page of rows with cells cut at 2 KB. */
const MAX_RESULT_BYTES = 64 * 2 ** 20;

export interface Databases {
  /** Reads: nothing is changed, whatever a view's functions do. @throws {Refusal} */
  read(operator: Operator, exchange: Pick<Exchange, 'statements' | 'signal'>): Promise<readonly Result[]>;
  /** Writes, with the operator's name in `application_name`. @throws {Refusal} */
  write(
    operator: Operator,
    exchange: Pick<Exchange, 'statements' | 'signal' | 'inspect'>,
  ): Promise<readonly Result[]>;
  /** For a connection of its own, as an editor's session is. */
  url(role: Role): string;
  close(): Promise<void>;
}

export function openDatabases(logins: Logins): Databases {
  const pools = new Map<string, Pool>();
  const urlOf = (role: Role): string => logins[role === 'admin' ? 'migrator' : role];
  const poolOf = (role: Role): Pool => {
    const url = urlOf(role);
    let pool = pools.get(url);
    if (pool === undefined) {
      pool = createPool({
        url,
        size: POOL_SIZE,
        sharedSize: 0,
        maxResultBytes: MAX_RESULT_BYTES,
        isolated: true,
        parameters: {
          application_name: 'peakstone console',
          // Names are written with their schemas, and those of others must not come before PostgreSQL's.
          search_path: 'pg_catalog, pg_temp',
          statement_timeout: String(STATEMENT_TIMEOUT_MS),
          idle_in_transaction_session_timeout: String(STATEMENT_TIMEOUT_MS),
        },
      });
      pools.set(url, pool);
    }
    return pool;
  };
  const run = async (operator: Operator, exchange: Exchange): Promise<readonly Result[]> => {
    try {
      const [, ...results] = await poolOf(operator.role).exchange({
        ...exchange,
        statements: [named(operator), ...exchange.statements],
      });
      return results;
    } catch (error) {
      throw explain(error);
    }
  };
  return {
    read: (operator, exchange) =>
      run(operator, { ...exchange, begin: 'begin isolation level repeatable read read only' }),
    write: (operator, { inspect, ...exchange }) =>
      run(operator, {
        ...exchange,
        begin: 'begin',
        ...(inspect && { inspect: ([, ...results]) => inspect(results) }),
      }),
    url: urlOf,
    close: async () => {
      await Promise.all([...pools.values()].map(pool => pool.close()));
    },
  };
}

/** So that who looks at the server's sessions sees whose it is. */
function named({ name }: Operator): Exchange['statements'][number] {
  return {
    text: `select pg_catalog.set_config('application_name', $1, true)`,
    values: [`peakstone console: ${name}`],
  };
}
