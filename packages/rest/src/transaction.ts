/**
 * A request as one exchange with PostgreSQL: settings, pre-request function, statement, and how it ends.
 * @see https://docs.postgrest.org/en/stable/references/transactions.html
 */
import type { Routine } from '@peakstone/kernel/catalog';
import type { Exchange, Result, Sql, SqlValue, Statement } from '@peakstone/kernel/pg';
import type { Identity } from './auth/authenticate.ts';
import { type IsolationLevel, type RestConfig, rollsBackByDefault } from './config/types.ts';
import type { Preferences } from './parse/prefer.ts';
import { utf8 } from './parse/target.ts';
import { qualified, quote } from './sql/writer.ts';

/** What of the request the database gets to see. */
export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly schema: string;
  readonly preferences: Preferences;
}

export interface Work {
  readonly main: readonly Sql[];
  readonly writes: boolean;
  /** The function called, whose settings may be raised to the transaction. */
  readonly routine: Routine | null;
  /** Looks at the main statement's result; what it throws undoes a write. */
  readonly check: ((result: Result) => void) | null;
  readonly isShort: boolean;
}

/** An exchange and where in its results the main statements' begin. */
export interface Transaction {
  readonly exchange: Exchange;
  readonly mainIndex: number;
}

/**
 * Makes the exchange. Reads and plain writes run in the protocol's implicit transaction; BEGIN is sent only where an
 * isolation level, a rollback or a check before the commit needs it. Pure.
 */
export function planTransaction(
  work: Work,
  identity: Identity,
  facts: RequestFacts,
  config: RestConfig,
): Transaction {
  const prepare = config.dbPreparedStatements;
  const statement = (sql: Sql): Statement => (prepare ? sql : { ...sql, prepare });
  const level = isolationLevel(work.routine, identity.role, config);
  const rollsBack = work.writes && endsInRollback(facts.preferences, config);
  const needsBegin = level !== 'read committed' || rollsBack || (work.writes && work.check !== null);
  const settings = settingsStatement(work, identity, facts, config, !work.writes && !needsBegin);
  const statements: Statement[] = [statement(settings)];
  if (config.dbPreRequest) {
    statements.push(statement({ text: `select ${qualified(config.dbPreRequest)}()`, values: [] }));
  }
  const mainIndex = statements.length;
  for (const sql of work.main) statements.push(statement(sql));
  // Deferred constraints must speak up even though nothing will be committed.
  if (rollsBack) statements.push({ text: 'set constraints all immediate', values: [] });
  const lane = work.isShort && !work.writes ? 'shared' : 'own';
  if (!needsBegin) return { exchange: { statements, lane }, mainIndex };
  const begin = `begin isolation level ${level}${work.writes ? '' : ' read only'}`;
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
    mainIndex,
  };
}

function endsInRollback({ tx }: Preferences, config: RestConfig): boolean {
  return tx === 'rollback' || (tx !== 'commit' && rollsBackByDefault(config));
}

const LEVELS: ReadonlySet<string> = new Set(['read committed', 'repeatable read', 'serializable']);

function isolationLevel(routine: Routine | null, role: string, config: RestConfig): IsolationLevel {
  const own = routine?.settings.find(([name]) => name === 'default_transaction_isolation')?.[1].toLowerCase();
  if (own !== undefined && LEVELS.has(own)) return own as IsolationLevel;
  return config.roleIsolationLevels.get(role) ?? 'read committed';
}

/**
 * All settings in one statement, whose text is the same for requests alike, so that it stays prepared. The role comes
 * after the settings of the role: those may need the authenticator's privileges.
 */
function settingsStatement(
  work: Work,
  identity: Identity,
  facts: RequestFacts,
  config: RestConfig,
  readOnly: boolean,
): Sql {
  const values: SqlValue[] = [];
  const calls: string[] = readOnly ? ["set_config('transaction_read_only', 'on', true)"] : [];
  const set = (name: string, value: string): void => {
    values.push(value);
    calls.push(`set_config('${name}', $${values.length}, true)`);
  };
  const setNamed = (name: string, value: string): void => {
    values.push(name, value);
    calls.push(`set_config($${values.length - 1}, $${values.length}, true)`);
  };
  set('search_path', [facts.schema, ...config.dbExtraSearchPath].map(quote).join(', '));
  const roleSettings = config.roleSettings.get(identity.role);
  if (roleSettings) for (const [name, value] of roleSettings) setNamed(name, value);
  set('role', identity.role);
  set('request.jwt.claims', identity.claimsJson);
  set('request.method', facts.method);
  set('request.path', facts.path);
  set('request.headers', headersJson(facts.headers));
  set('request.cookies', cookiesJson(facts.headers.cookie));
  if (facts.preferences.timezone !== undefined) set('timezone', facts.preferences.timezone);
  for (const [name, value] of work.routine?.settings ?? []) {
    if (config.dbHoistedTxSettings.some(hoisted => `${name}=${value}`.includes(hoisted)))
      setNamed(name, value);
  }
  for (const [name, value] of config.appSettings) setNamed(name, value);
  return { text: `select ${calls.join(', ')}`, values };
}

function headersJson(headers: RequestFacts['headers']): string {
  const shown: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && name !== 'cookie') shown[name] = utf8(value);
  }
  return JSON.stringify(shown);
}

/** `a=1; b=2` as a JSON object. */
function cookiesJson(header: string | undefined): string {
  if (header === undefined) return '{}';
  const cookies: [string, string][] = [];
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    const name = (at < 0 ? part : part.slice(0, at)).trim();
    cookies.push([utf8(name), at < 0 ? '' : utf8(part.slice(at + 1).trim())]);
  }
  return JSON.stringify(Object.fromEntries(cookies));
}
