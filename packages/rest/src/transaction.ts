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
  /** Statements run for their effects, before the main ones. */
  readonly before?: readonly Sql[];
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
  if (work.before) for (const sql of work.before) statements.push(statement(sql));
  const mainIndex = statements.length;
  for (const sql of work.main) statements.push(statement(sql));
  // Deferred constraints must speak up even though nothing will be committed.
  if (rollsBack) statements.push({ text: 'set constraints all immediate', values: [] });
  const lane = !work.isShort ? 'own' : work.writes ? 'write' : 'shared';
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

/** Whether what a request writes is undone: by its own wish, or by the setting. */
export function endsInRollback({ tx }: Preferences, config: RestConfig): boolean {
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
  const values: SqlValue[] = [searchPath(facts.schema, config)];
  const ofRole = pushAll(values, config.roleSettings.get(identity.role) ?? []);
  values.push(identity.role, identity.claimsJson, facts.method, facts.path);
  values.push(headersJson(facts.headers), cookiesJson(facts.headers.cookie));
  const { timezone } = facts.preferences;
  if (timezone !== undefined) values.push(timezone);
  const others = pushAll(values, hoisted(work.routine, config)) + pushAll(values, config.appSettings);
  return { text: settingsText(readOnly, ofRole, timezone !== undefined, others), values };
}

/** Appends names and values in turn; returns how many pairs there were. */
function pushAll(values: SqlValue[], settings: Iterable<readonly [name: string, value: string]>): number {
  let pairs = 0;
  for (const [name, value] of settings) {
    values.push(name, value);
    pairs++;
  }
  return pairs;
}

function searchPath(schema: string, { dbExtraSearchPath }: RestConfig): string {
  return dbExtraSearchPath.length === 0
    ? quote(schema)
    : [schema, ...dbExtraSearchPath].map(quote).join(', ');
}

/** The settings of a function that are raised to the whole transaction. */
function hoisted(routine: Routine | null, config: RestConfig): readonly (readonly [string, string])[] {
  if (!routine || routine.settings.length === 0) return [];
  return routine.settings.filter(([name, value]) =>
    config.dbHoistedTxSettings.some(each => `${name}=${value}`.includes(each)),
  );
}

const REQUEST_SETTINGS = [
  'role',
  'request.jwt.claims',
  'request.method',
  'request.path',
  'request.headers',
  'request.cookies',
];

/** Texts by what they depend on: a handful in any service. */
const settingsTexts = new Map<string, string>();
const MAX_SETTINGS_TEXTS = 1000;

function settingsText(readOnly: boolean, ofRole: number, hasTimezone: boolean, others: number): string {
  const shape = `${readOnly} ${ofRole} ${hasTimezone} ${others}`;
  const known = settingsTexts.get(shape);
  if (known !== undefined) return known;
  let parameters = 0;
  const constant = (name: string): string => `set_config('${name}', $${++parameters}, true)`;
  const named = (): string => {
    parameters += 2;
    return `set_config($${parameters - 1}, $${parameters}, true)`;
  };
  const calls = [
    ...(readOnly ? ["set_config('transaction_read_only', 'on', true)"] : []),
    constant('search_path'),
    ...Array.from({ length: ofRole }, named),
    ...REQUEST_SETTINGS.map(constant),
    ...(hasTimezone ? [constant('timezone')] : []),
    ...Array.from({ length: others }, named),
  ];
  const text = `select ${calls.join(', ')}`;
  if (settingsTexts.size >= MAX_SETTINGS_TEXTS) settingsTexts.clear();
  settingsTexts.set(shape, text);
  return text;
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
