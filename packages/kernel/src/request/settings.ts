/**
 * What a transaction is told before its statement: role, claims and the request, as settings that end with it. The names are
 * PostgREST's, which policies and functions rely on.
 * @see https://docs.postgrest.org/en/stable/references/transactions.html#transaction-scoped-settings
 */
import { BoundedCache } from '../boundedCache.ts';
import { decodeHeader } from '../http/headerText.ts';
import type { HttpRequest } from '../http/types.ts';
import { PgError } from '../pg/errors.ts';
import type { Sql, SqlValue } from '../pg/types.ts';
import { randomSeed } from './seed.ts';

/** How an implicit transaction shall be, or that BEGIN has said so. */
export type TransactionMode = 'read only' | 'read write' | 'begun';

/**
 * An implicit transaction has begun by the defaults of its session when it is told how to be: PostgreSQL refuses where those
 * are others than its own, and the pool sends BEGIN then (kernel/src/pg/wire/repair.ts).
 */
const modeSettings: Readonly<Record<TransactionMode, readonly string[]>> = {
  'read only': [
    "pg_catalog.set_config('transaction_isolation', 'read committed', true)",
    "pg_catalog.set_config('transaction_read_only', 'on', true)",
  ],
  'read write': [
    "pg_catalog.set_config('transaction_isolation', 'read committed', true)",
    "pg_catalog.set_config('transaction_read_only', 'off', true)",
  ],
  begun: [],
};

export type Setting = readonly [name: string, value: string];

/** In the order in which they are set. */
export interface TransactionSettings {
  readonly mode: TransactionMode;
  /** Null: as the session has it. */
  readonly searchPath: string | null;
  /** Before the role, as they may need the login role's privileges. */
  readonly ofRole: Iterable<Setting>;
  /** Null: the one that has logged in. It is told as well, as a function may have left another. */
  readonly role: string | null;
  /** Who has logged in, where no request may be that. */
  readonly login?: string | undefined;
  /** Names known beforehand, the same for many requests: they stand in the statement's text and must come from no client. */
  readonly request: readonly Setting[];
  readonly others: readonly Iterable<Setting>[];
}

/** The settings of a request; its method is the one it was read by. */
export function requestSettings(
  claimsJson: string,
  { method, path, headers }: Pick<HttpRequest, 'method' | 'path' | 'headers'>,
): readonly Setting[] {
  return [
    ['request.jwt.claims', claimsJson],
    ['request.method', method],
    ['request.path', path],
    ['request.headers', headersJson(headers)],
    ['request.cookies', cookiesJson(headers.cookie)],
  ];
}

/**
 * All settings in one statement, whose text is the same for requests alike, so that it stays prepared. Locks of the session
 * that a request before has left behind are released, and a seed that it has chosen gives way to one by chance.
 * @throws {PgError} 22023 for the names `none` and of the login
 */
export function transactionSettings({
  mode,
  searchPath,
  ofRole,
  role,
  login,
  request,
  others,
}: TransactionSettings): Sql {
  if (role === noRole || (role !== null && role === login)) throw unknownRole(role);
  const values: SqlValue[] = [randomSeed()];
  if (searchPath !== null) values.push(searchPath);
  const before = pushAll(values, ofRole);
  values.push(role ?? noRole);
  let names = '';
  for (const [name, value] of request) {
    names += ` ${name}`;
    values.push(value);
  }
  let behind = 0;
  for (const settings of others) behind += pushAll(values, settings);
  return { text: settingsText(mode, searchPath !== null, before, names, behind), values };
}

/** No role can have that name: to set it is to go back to the role that has logged in, which may be any of the others. */
const noRole = 'none';

/** Whether a claim can be the name of a role at all; PostgreSQL knows which there are. Pure. */
export function isRoleName(claim: unknown): claim is string {
  return typeof claim === 'string' && claim !== '' && !claim.includes('\0');
}

/** As PostgreSQL says it of any other name that is no role. */
export function unknownRole(role: string): PgError {
  return new PgError({ severity: 'ERROR', code: '22023', message: `role "${role}" does not exist` });
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

/** Texts by what they depend on: a handful in any service. */
const settingsTexts = new BoundedCache<string>({ maxEntries: 1000, maxBytes: 1024 * 1024 });

function settingsText(
  mode: TransactionMode,
  hasPath: boolean,
  before: number,
  names: string,
  behind: number,
): string {
  const shape = `${mode} ${hasPath} ${before} ${behind}${names}`;
  const known = settingsTexts.get(shape);
  if (known !== undefined) return known;
  // The seed is the first.
  let parameters = 1;
  const constant = (name: string): string => `pg_catalog.set_config('${name}', $${++parameters}, true)`;
  const named = (): string => {
    parameters += 2;
    return `pg_catalog.set_config($${parameters - 1}, $${parameters}, true)`;
  };
  const calls = [
    'pg_catalog.pg_advisory_unlock_all()',
    'pg_catalog.setseed($1)',
    ...modeSettings[mode],
    ...(hasPath ? [constant('search_path')] : []),
    ...Array.from({ length: before }, named),
    constant('role'),
    ...names.trim().split(' ').filter(Boolean).map(constant),
    ...Array.from({ length: behind }, named),
  ];
  const text = `select ${calls.join(', ')}`;
  settingsTexts.set(shape, text, 100 + shape.length + text.length);
  return text;
}

function headersJson(headers: HttpRequest['headers']): string {
  const shown: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && name !== 'cookie') shown[name] = decodeHeader(value);
  }
  return JSON.stringify(shown);
}

/** `a=1; b="2"` as a JSON object. Quotes around a whole value are not part of it. */
function cookiesJson(header: string | undefined): string {
  if (header === undefined) return '{}';
  const cookies: [string, string][] = [];
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    const name = (at < 0 ? part : part.slice(0, at)).trimStart();
    const value = at < 0 ? '' : part.slice(at + 1);
    cookies.push([decodeHeader(name), decodeHeader(/^"(.*)"$/.exec(value)?.[1] ?? value)]);
  }
  return JSON.stringify(Object.fromEntries(cookies));
}
