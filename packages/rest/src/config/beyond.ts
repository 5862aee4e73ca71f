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
  /** `db-nested-insert-enabled`: honours `Prefer: nested=insert`. */
  readonly nestedInsert: boolean;
  /** `db-stream-enabled`: honours `Prefer: stream`. */
  readonly stream: boolean;
  /** `server-etag-enabled`: ETag on reads, and 304 for If-None-Match. */
  readonly etag: boolean;
  /** `server-query-method-enabled`: the method QUERY. */
  readonly queryMethod: boolean;
  /** `url-column-filters-enabled`: `price=gt(col).cost`. */
  readonly columnFilters: boolean;
  /** `url-keyset-enabled`: `after=` pages by cursor. */
  readonly keyset: boolean;
}

export const defaultBeyond: BeyondConfig = {
  batchPath: null,
  batchMaxRequests: 100,
  nestedInsert: false,
  stream: false,
  etag: false,
  queryMethod: false,
  columnFilters: false,
  keyset: false,
};

/** Names that may also come from the database, with underscores. */
export const beyondNames: readonly string[] = [
  'batch_path',
  'batch_max_requests',
  'db_nested_insert_enabled',
  'db_stream_enabled',
  'server_etag_enabled',
  'server_query_method_enabled',
  'url_column_filters_enabled',
  'url_keyset_enabled',
];

/** @throws {ConfigError} */
export function parseBeyond(from: Lookup): BeyondConfig {
  const d = defaultBeyond;
  return {
    batchPath: readBatchPath(from),
    batchMaxRequests: readBatchLimit(from),
    nestedInsert: from.bool('db-nested-insert-enabled') ?? d.nestedInsert,
    stream: from.bool('db-stream-enabled') ?? d.stream,
    etag: from.bool('server-etag-enabled') ?? d.etag,
    queryMethod: from.bool('server-query-method-enabled') ?? d.queryMethod,
    columnFilters: from.bool('url-column-filters-enabled') ?? d.columnFilters,
    keyset: from.bool('url-keyset-enabled') ?? d.keyset,
  };
}

function readBatchPath(from: Lookup): string | null {
  const path = from.text('batch-path');
  if (path === undefined) return null;
  if (!/^(?:\/[A-Za-z0-9._~-]+)+$/.test(path)) {
    throw new ConfigError('batch-path should start with a slash and hold plain segments, such as /rpc/batch');
  }
  return path;
}

/** Each request is several statements of one exchange. */
const mostRequests = 1000;

function readBatchLimit(from: Lookup): number {
  const limit = from.int('batch-max-requests') ?? defaultBeyond.batchMaxRequests;
  if (limit < 1 || limit > mostRequests) {
    throw new ConfigError(`batch-max-requests should be between 1 and ${mostRequests}`);
  }
  return limit;
}

/** Lines for the dump, only of what differs from its default: tools that read the reference's dump see nothing new. */
export function dumpBeyond(config: BeyondConfig): readonly string[] {
  const d = defaultBeyond;
  const lines: string[] = [];
  if (config.batchPath !== d.batchPath) lines.push(`batch-path = "${config.batchPath}"`);
  if (config.batchMaxRequests !== d.batchMaxRequests)
    lines.push(`batch-max-requests = ${config.batchMaxRequests}`);
  const flag = (name: string, value: boolean): void => {
    if (value) lines.push(`${name} = true`);
  };
  flag('db-nested-insert-enabled', config.nestedInsert);
  flag('db-stream-enabled', config.stream);
  flag('server-etag-enabled', config.etag);
  flag('server-query-method-enabled', config.queryMethod);
  flag('url-column-filters-enabled', config.columnFilters);
  flag('url-keyset-enabled', config.keyset);
  return lines;
}
