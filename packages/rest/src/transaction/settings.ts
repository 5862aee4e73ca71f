/**
 * What a transaction is told before its statement: role, claims and the request, as settings that end with it.
 * @see https://docs.postgrest.org/en/stable/references/transactions.html#transaction-scoped-settings
 */
import type { Routine } from '@peakstone/kernel/catalog';
import type { HttpRequest } from '@peakstone/kernel/http';
import type { Sql, SqlValue } from '@peakstone/kernel/pg';
import type { Identity } from '../authenticate.ts';
import type { RestConfig } from '../config/types.ts';
import { decodeHeader } from '../headers.ts';
import type { ApiRequest } from '../parse/request.ts';
import { quote } from '../sql/writer.ts';

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

/** What of the request the database gets to see. */
export type RequestFacts = Pick<HttpRequest, 'method' | 'path' | 'headers'> &
  Pick<ApiRequest, 'schema' | 'preferences'>;

/** The facts of a request; its method is the one it was read by. */
export function requestFacts(
  { method, schema, preferences }: ApiRequest,
  { path, headers }: HttpRequest,
): RequestFacts {
  return { method, path, headers, schema, preferences };
}

/**
 * All settings in one statement, whose text is the same for requests alike, so that it stays prepared. The role comes
 * after the settings of the role: those may need the authenticator's privileges. Locks of the session that a request before
 * has left behind are released.
 */
export function settingsStatement(
  routine: Routine | null,
  identity: Identity,
  facts: RequestFacts,
  config: RestConfig,
  mode: TransactionMode,
): Sql {
  const values: SqlValue[] = [searchPath(facts.schema, config)];
  const ofRole = pushAll(values, config.roleSettings.get(identity.role) ?? []);
  values.push(identity.role, identity.claimsJson, facts.method, facts.path);
  values.push(headersJson(facts.headers), cookiesJson(facts.headers.cookie));
  const { timezone } = facts.preferences;
  if (timezone !== undefined) values.push(timezone);
  const others = pushAll(values, hoisted(routine, config)) + pushAll(values, config.appSettings);
  return { text: settingsText(mode, ofRole, timezone !== undefined, others), values };
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

function settingsText(mode: TransactionMode, ofRole: number, hasTimezone: boolean, others: number): string {
  const shape = `${mode} ${ofRole} ${hasTimezone} ${others}`;
  const known = settingsTexts.get(shape);
  if (known !== undefined) return known;
  let parameters = 0;
  const constant = (name: string): string => `pg_catalog.set_config('${name}', $${++parameters}, true)`;
  const named = (): string => {
    parameters += 2;
    return `pg_catalog.set_config($${parameters - 1}, $${parameters}, true)`;
  };
  const calls = [
    'pg_catalog.pg_advisory_unlock_all()',
    ...modeSettings[mode],
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
