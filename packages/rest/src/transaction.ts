/**
 * A request as one exchange with PostgreSQL: settings, pre-request function, statement, and how it ends.
 * @see https://docs.postgrest.org/en/stable/references/transactions.html
 */
import type { Routine } from '@peakstone/kernel/catalog';
import type { Exchange, Result, Sql, Statement } from '@peakstone/kernel/pg';
import type { Identity, IsolationLevel } from '@peakstone/kernel/request';
import { type RestConfig, rollsBackByDefault } from './config/types.ts';
import type { Preferences } from './parse/prefer.ts';
import { qualified } from './sql/writer.ts';
import { type RequestFacts, settingsStatement } from './transaction/settings.ts';

export interface Work {
  /** Statements run for their effects, before the main ones. */
  readonly before?: readonly Sql[];
  readonly main: readonly Sql[];
  readonly writes: boolean;
  /** The function called, whose settings may be raised to the transaction. */
  readonly routine: Routine | null;
  /** Looks at the main statement's result; what it throws undoes a write. */
  readonly check: ((result: Result) => void) | null;
  readonly isShort: boolean;
  /** Somebody else begins the transaction, that of a batch. */
  readonly isBegun?: boolean;
}

/** An exchange and where in its results the main statements' begin. */
export interface Transaction {
  readonly exchange: Exchange;
  readonly isolationLevel: IsolationLevel;
  readonly mainIndex: number;
}

/**
 * Makes the exchange. Reads and plain writes run in the protocol's implicit transaction; BEGIN is sent only where an
 * isolation level, a rollback or a check before the commit needs it. Pure but for the seed of `random()`.
 */
export function planTransaction(
  work: Work,
  identity: Identity,
  facts: RequestFacts,
  config: RestConfig,
): Transaction {
  const prepare = config.dbPreparedStatements;
  const statement = (sql: Sql): Statement => (prepare ? sql : { ...sql, prepare });
  const level = isolationLevelOf(work.routine, identity.role, config);
  const rollsBack = work.writes && endsInRollback(facts.preferences, config);
  const needsBegin = level !== 'read committed' || rollsBack || (work.writes && work.check !== null);
  const access = work.writes ? 'read write' : 'read only';
  const settings = settingsStatement(
    work.routine,
    identity,
    facts,
    config,
    needsBegin || work.isBegun ? 'begun' : access,
  );
  const statements: Statement[] = [statement(settings)];
  if (config.dbPreRequest) {
    statements.push(statement({ text: `select ${qualified(config.dbPreRequest)}()`, values: [] }));
  }
  if (work.before) for (const sql of work.before) statements.push(statement(sql));
  const mainIndex = statements.length;
  for (const sql of work.main) statements.push(statement(sql));
  if (rollsBack) statements.push(checkConstraints);
  const lane = !work.isShort ? 'own' : work.writes ? 'write' : 'shared';
  if (!needsBegin) return { exchange: { statements, lane }, isolationLevel: level, mainIndex };
  const begin = `begin isolation level ${level} ${access}`;
  const { check } = work;
  const inspect = (results: readonly Result[]): 'commit' => {
    const result = results[mainIndex];
    if (result) check?.(result);
    return 'commit';
  };
  return {
    exchange: {
      statements,
      lane,
      begin,
      ...(rollsBack ? { end: 'rollback' } : check && work.writes ? { inspect } : {}),
    },
    isolationLevel: level,
    mainIndex,
  };
}

/** Before a rollback: deferred constraints must speak up even though nothing will be committed. */
export const checkConstraints: Statement = { text: 'set constraints all immediate', values: [] };

/** Whether what a request writes is undone: by its own wish, or by the setting. */
export function endsInRollback({ tx }: Preferences, config: RestConfig): boolean {
  return tx === 'rollback' || (tx !== 'commit' && rollsBackByDefault(config));
}

const LEVELS: ReadonlySet<string> = new Set(['read committed', 'repeatable read', 'serializable']);

function isolationLevelOf(routine: Routine | null, role: string, config: RestConfig): IsolationLevel {
  const own = routine?.settings.find(([name]) => name === 'default_transaction_isolation')?.[1].toLowerCase();
  if (own !== undefined && LEVELS.has(own)) return own as IsolationLevel;
  return config.roleIsolationLevels.get(role) ?? 'read committed';
}
