/**
 * Settings of what goes beyond the reference. All are off by default: without them a request means what it means there.
 * @see docs/beyond.md
 */
import { ConfigError } from './error.ts';
import type { Lookup } from './lookup.ts';

export interface BeyondConfig {
  /** `batch-path`: where several requests are taken as one transaction; null takes none. Starts with a slash. */
  readonly batchPath: string | null;
  /** `batch-max-requests`: requests in one batch at most. */
  readonly batchMaxRequests: number;
  /** `client-anon-max-body-bytes`: the largest body of a visitor's request; null has the server's own limit alone. */
  readonly anonMaxBodyBytes: number | null;
  /** `client-anon-roles`: roles of visitors besides the anonymous one, such as that of a key which every browser has. */
  readonly anonRoles: readonly string[];
  /** `client-error-hints-by-role`: hints name only what the role may use, and refusals say which privilege is missing. */
  readonly hintsByRole: boolean;
  /** `client-login-role-refused`: no token may name the role that this server logs in as. */
  readonly refusesLogin: boolean;
  /** `db-max-result-bytes`: the largest answer that is taken from the database; null takes any. */
  readonly maxResultBytes: number | null;
  /** `db-nested-insert-enabled`: honours `Prefer: nested=insert`. */
  readonly nestedInsert: boolean;
  /** `db-safeupdate-enabled`: refuses PATCH and DELETE without a filter. */
  readonly safeUpdate: boolean;
  /** `db-stream-enabled`: honours `Prefer: stream`. */
  readonly stream: boolean;
  /** `server-content-location-max-bytes`: a longer Content-Location is left out; null leaves out none. */
  readonly contentLocationMaxBytes: number | null;
  /** `server-etag-enabled`: ETag on reads, and 304 for If-None-Match. */
  readonly etag: boolean;
  /** `server-query-method-enabled`: the method QUERY. */
  readonly queryMethod: boolean;
  /** `url-column-filters-enabled`: `price=gt(col).cost`. */
  readonly columnFilters: boolean;
  /** `url-keyset-enabled`: `after=` pages by cursor. */
  readonly keyset: boolean;
  /** `url-max-embeds`: related tables in one request at most; null sets no limit. */
  readonly maxEmbeds: number | null;
  /** `url-max-nodes`: columns, related tables, filters and order terms in one request at most; null sets no limit. */
  readonly maxNodes: number | null;
}

export const defaultBeyond: BeyondConfig = {
  batchPath: null,
  batchMaxRequests: 100,
  anonMaxBodyBytes: null,
  anonRoles: [],
  hintsByRole: false,
  refusesLogin: false,
  maxResultBytes: null,
  nestedInsert: false,
  safeUpdate: false,
  stream: false,
  contentLocationMaxBytes: null,
  etag: false,
  queryMethod: false,
  columnFilters: false,
  keyset: false,
  maxEmbeds: null,
  maxNodes: null,
};

/** Each setting's name, in the order of the dump. */
const keys: Readonly<Record<keyof BeyondConfig, string>> = {
  batchPath: 'batch-path',
  batchMaxRequests: 'batch-max-requests',
  anonMaxBodyBytes: 'client-anon-max-body-bytes',
  anonRoles: 'client-anon-roles',
  hintsByRole: 'client-error-hints-by-role',
  refusesLogin: 'client-login-role-refused',
  maxResultBytes: 'db-max-result-bytes',
  nestedInsert: 'db-nested-insert-enabled',
  safeUpdate: 'db-safeupdate-enabled',
  stream: 'db-stream-enabled',
  contentLocationMaxBytes: 'server-content-location-max-bytes',
  etag: 'server-etag-enabled',
  queryMethod: 'server-query-method-enabled',
  columnFilters: 'url-column-filters-enabled',
  keyset: 'url-keyset-enabled',
  maxEmbeds: 'url-max-embeds',
  maxNodes: 'url-max-nodes',
};

/** Names that may also come from the database, with underscores. */
export const beyondNames: readonly string[] = Object.values(keys).map(key => key.replaceAll('-', '_'));

/** @throws {ConfigError} */
export function parseBeyond(from: Lookup): BeyondConfig {
  const flag = (name: keyof BeyondConfig): boolean => readFlag(from, keys[name]);
  return {
    batchPath: readBatchPath(from),
    batchMaxRequests: readBatchLimit(from),
    anonMaxBodyBytes: readLimit(from, 'anonMaxBodyBytes', 'bytes'),
    anonRoles: from.list(keys.anonRoles) ?? defaultBeyond.anonRoles,
    hintsByRole: flag('hintsByRole'),
    refusesLogin: flag('refusesLogin'),
    maxResultBytes: readLimit(from, 'maxResultBytes', 'bytes'),
    nestedInsert: flag('nestedInsert'),
    safeUpdate: flag('safeUpdate'),
    stream: flag('stream'),
    contentLocationMaxBytes: readLimit(from, 'contentLocationMaxBytes', 'bytes'),
    etag: flag('etag'),
    queryMethod: flag('queryMethod'),
    columnFilters: flag('columnFilters'),
    keyset: flag('keyset'),
    maxEmbeds: readLimit(from, 'maxEmbeds', 'related tables'),
    maxNodes: readLimit(from, 'maxNodes', 'columns and filters'),
  };
}

/**
 * The reference takes what it can't read for its default. Some of these guard data, and must not be off for a misspelling.
 */
function readFlag(from: Lookup, key: string): boolean {
  const text = from.text(key)?.trim().toLowerCase();
  if (text === undefined || text === '') return false;
  if (/^(?:on|yes)$/.test(text)) return true;
  if (/^(?:off|no)$/.test(text)) return false;
  const value = from.bool(key);
  if (value === undefined) throw new ConfigError(`${key} should be true or false, not "${text}"`);
  return value;
}

function readBatchPath(from: Lookup): string | null {
  const path = from.text(keys.batchPath);
  if (path === undefined) return null;
  if (!/^(?:\/[A-Za-z0-9._~-]+)+$/.test(path)) {
    throw new ConfigError('batch-path should start with a slash and hold plain segments, such as /rpc/batch');
  }
  return path;
}

/** Each request is several statements of one exchange. */
const mostRequests = 1000;

function readBatchLimit(from: Lookup): number {
  const isUnset = from.text(keys.batchMaxRequests) === undefined;
  const limit = from.int(keys.batchMaxRequests) ?? (isUnset ? defaultBeyond.batchMaxRequests : 0);
  if (limit < 1 || limit > mostRequests) {
    throw new ConfigError(`batch-max-requests should be between 1 and ${mostRequests}`);
  }
  return limit;
}

type Limit = 'anonMaxBodyBytes' | 'contentLocationMaxBytes' | 'maxEmbeds' | 'maxNodes' | 'maxResultBytes';

/** A number of `unit`; 0 sets no limit. */
function readLimit(from: Lookup, name: Limit, unit: string): number | null {
  const limit = from.int(keys[name]) ?? (from.text(keys[name]) === undefined ? 0 : -1);
  if (limit < 0) throw new ConfigError(`${keys[name]} should be a number of ${unit}, or 0 for no limit`);
  return limit === 0 ? null : limit;
}

/** Lines for the dump, only of what differs from its default: tools that read the reference's dump see nothing new. */
export function dumpBeyond(config: BeyondConfig): readonly string[] {
  return (Object.keys(keys) as (keyof BeyondConfig)[]).flatMap(name => {
    const value = config[name];
    if (value === defaultBeyond[name] || value === null) return [];
    const text = typeof value === 'object' ? value.join(',') : value;
    return [`${keys[name]} = ${typeof text === 'string' ? `"${text}"` : text}`];
  });
}
