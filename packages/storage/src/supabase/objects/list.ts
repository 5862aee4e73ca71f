/** Listings, as row security shows them: one level by offset, or any depth by cursor. */
import { type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import type { SqlValue } from '@peakstone/kernel/pg';
import { readFields, readJson, type Shape } from '../body.ts';
import { asCaller, type Call } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertBucketName } from '../names.ts';

const sorting: Shape = {
  column: {
    kind: 'string',
    required: true,
    oneOf: ['name', 'updated_at', 'created_at', 'last_accessed_at'],
  },
  order: { kind: 'string', oneOf: ['asc', 'desc'] },
};

const level: Shape = {
  prefix: { kind: 'string', required: true },
  limit: { kind: 'integer', least: 1 },
  offset: { kind: 'integer', least: 0 },
  search: { kind: 'string' },
  sortBy: { kind: 'object' },
};

const page: Shape = {
  prefix: { kind: 'string' },
  limit: { kind: 'integer', least: 1 },
  cursor: { kind: 'string' },
  with_delimiter: { kind: 'boolean' },
  sortBy: { kind: 'object' },
};

const time = (column: string): string =>
  `pg_catalog.to_char(l.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const entry = `pg_catalog.json_build_object('name', l.name, 'id', l.id, 'updated_at', ${time('updated_at')}, 'created_at', ${time('created_at')},
  'last_accessed_at', ${time('last_accessed_at')}, 'metadata', l.metadata)`;

const defaultLimit = 100;
const maxPage = 1000;

export async function listObjects(call: Call): Promise<HttpResponse> {
  await prepare(call);
  const body = await readJson(call.http, level);
  const { column, order } = readSorting(body.sortBy);
  let prefix = body.prefix as string;
  if (prefix !== '' && !prefix.endsWith('/')) prefix += '/';
  const rows = await asCaller(call, {
    text: `select ${entry} from storage.search($1, $2, $3::integer, $4::integer, $5::integer, $6, $7, $8) l`,
    values: [
      prefix,
      call.bucket,
      String((body.limit as number | undefined) ?? defaultLimit),
      String(prefix.split('/').length),
      String((body.offset as number | undefined) ?? 0),
      (body.search as string | undefined) ?? '',
      column ?? 'name',
      order,
    ],
  });
  return jsonResponse(200, rows);
}

interface Listed {
  readonly name: string;
  readonly id: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

interface Cursor {
  readonly after: string;
  readonly column?: string | undefined;
  readonly order: string;
  /** The time of the last row, where they are sorted by it. */
  readonly time?: string | undefined;
}

export async function listObjectsV2(call: Call): Promise<HttpResponse> {
  await prepare(call);
  const body = await readJson(call.http, page);
  const limit = Math.min((body.limit as number | undefined) ?? maxPage, maxPage);
  const prefix = (body.prefix as string | undefined) ?? '';
  const sorted = readSorting(body.sortBy);
  const cursor: Cursor = body.cursor ? readCursor(body.cursor as string) : { after: '', ...sorted };
  const query = body.with_delimiter ? levelQuery : depthQuery;
  const rows = await asCaller<Listed>(call, query(call.bucket, prefix, cursor, limit + 1));
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasNext = rows.length > limit;
  return jsonResponse(200, {
    hasNext,
    ...(hasNext && last !== undefined && { nextCursor: writeCursor(cursor, last) }),
    folders: shown
      .filter(({ id }) => id === null)
      .map(({ name }) => ({
        id: null,
        name: name.endsWith('/') ? name : `${name}/`,
        key: name.replace(/\/$/, ''),
      })),
    objects: shown.filter(({ id }) => id !== null),
  });
}

function levelQuery(bucket: string, prefix: string, { after, column, order, time }: Cursor, limit: number) {
  return {
    text: `select ${entry} from storage.search_v2($1, $2, $3::integer, $4::integer, $5, $6, $7, $8) l`,
    values: [
      prefix,
      bucket,
      String(limit),
      String(prefix.split('/').length),
      after,
      order,
      column ?? 'name',
      time ?? '',
    ],
  };
}

function depthQuery(bucket: string, prefix: string, cursor: Cursor, limit: number) {
  const { after, column, order, time } = cursor;
  const values: SqlValue[] = [bucket, prefix, String(limit)];
  const conditions = ['l.bucket_id = $1', 'l.name collate "C" >= $2', 'pg_catalog.starts_with(l.name, $2)'];
  const direction = order === 'desc' ? 'desc' : 'asc';
  const beyond = order === 'desc' ? '<' : '>';
  const isByTime = column === 'created_at' || column === 'updated_at';
  const moment = `pg_catalog.date_trunc('milliseconds', l.${column})`;
  if (after !== '') {
    values.push(after);
    if (isByTime && time !== undefined) {
      values.push(time);
      conditions.push(`(${moment}, l.name collate "C") ${beyond} ($5::timestamptz, $4)`);
    } else conditions.push(`l.name collate "C" ${beyond} $4`);
  }
  return {
    text: `select ${entry} from storage.objects l where ${conditions.join(' and ')}
      order by ${isByTime ? `${moment} ${direction}, ` : ''}l.name collate "C" ${direction} limit $3::bigint`,
    values,
  };
}

function readSorting(value: unknown): { readonly column: string | undefined; readonly order: string } {
  if (value === undefined) return { column: undefined, order: 'asc' };
  const { column, order } = readFields('body/sortBy', value as Record<string, unknown>, sorting) as Record<
    string,
    string
  >;
  return { column, order: order ?? 'asc' };
}

function writeCursor({ column, order }: Cursor, last: Listed): string {
  const time = column === 'created_at' || column === 'updated_at' ? (last[column] ?? undefined) : undefined;
  return Buffer.from(JSON.stringify([last.name, order, column ?? null, time ?? null])).toString('base64url');
}

const columns: readonly unknown[] = [null, 'name', 'created_at', 'updated_at', 'last_accessed_at'];

/** @throws {StorageError} InvalidParameter: it is none of ours */
function readCursor(text: string): Cursor {
  try {
    const [after, order, column, time] = JSON.parse(
      Buffer.from(text, 'base64url').toString('utf8'),
    ) as unknown[];
    if (
      typeof after === 'string' &&
      !after.includes('\0') &&
      (order === 'asc' || order === 'desc') &&
      columns.includes(column) &&
      (time === null || (typeof time === 'string' && /^[\d\-:.TZ]{10,40}$/.test(time)))
    )
      return { after, order, column: (column as string | null) ?? undefined, time: time ?? undefined };
  } catch {
    // No JSON: said below.
  }
  throw new StorageError('InvalidParameter', 'Invalid Parameter continuation token');
}

/** Of a bucket that S3 has made and nobody asked for here yet, the rows are made first. */
async function prepare({ bucket: name, door }: Call): Promise<void> {
  assertBucketName(name);
  const bucket = door.store.buckets.find(name);
  if (bucket !== undefined && bucket.recorded !== 'whole') await door.records.buckets.bucketOf(name);
}
