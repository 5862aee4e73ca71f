/** What is said to the database of buckets and objects. Each row is one JSON value. Pure. */
import { arrayLiteral, type Sql } from '@peakstone/kernel/pg';
import type { ObjectRecord, ObjectRow } from '../store/rows.ts';
import { metadataOf } from './metadata.ts';

/** A row of storage.objects. */
export interface StoredObject {
  readonly id: string;
  readonly name: string;
  readonly bucket_id: string;
  readonly owner: string | null;
  readonly owner_id: string | null;
  readonly version: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_accessed_at: string;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly user_metadata: Readonly<Record<string, unknown>> | null;
}

const time = (column: string): string =>
  `pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** @param of the alias of the table */
export function objectJson(of: string): string {
  return `pg_catalog.json_build_object('id', ${of}.id, 'name', ${of}.name, 'bucket_id', ${of}.bucket_id, 'owner', ${of}.owner, 'owner_id', ${of}.owner_id,
    'version', ${of}.version, 'created_at', ${time(`${of}.created_at`)}, 'updated_at', ${time(`${of}.updated_at`)},
    'last_accessed_at', ${time(`${of}.last_accessed_at`)}, 'metadata', ${of}.metadata, 'user_metadata', ${of}.user_metadata)`;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The older column takes nothing but a UUID. */
export function ownerOf(ownerId: string | undefined): string | null {
  return ownerId !== undefined && uuid.test(ownerId) ? ownerId : null;
}

export interface ObjectValues {
  readonly bucket: string;
  readonly name: string;
  readonly version: string;
  readonly metadata: string;
  readonly userMetadata: Readonly<Record<string, unknown>> | undefined;
  readonly ownerId: string | undefined;
}

export function valuesOf(bucket: string, name: string, row: ObjectRow, record: ObjectRecord): ObjectValues {
  return {
    bucket,
    name,
    version: record.version,
    metadata: metadataOf(row, record),
    userMetadata: record.userMetadata ?? row.metadata,
    ownerId: record.ownerId,
  };
}

/** Fails where there is one. */
export function insertObject(values: ObjectValues): Sql {
  return {
    text: `insert into storage.objects as o (bucket_id, name, owner, owner_id, metadata, user_metadata, version)
      values ($1, $2, $3::uuid, $4, $5::jsonb, $6::jsonb, $7) returning ${objectJson('o')}`,
    values: parameters(values),
  };
}

/** Whoever owned it owns it still, where nobody is named. */
export function upsertObject(values: ObjectValues): Sql {
  return {
    text: `insert into storage.objects as o (bucket_id, name, owner, owner_id, metadata, user_metadata, version)
      values ($1, $2, $3::uuid, $4, $5::jsonb, $6::jsonb, $7)
      on conflict (bucket_id, name) do update set metadata = excluded.metadata, user_metadata = excluded.user_metadata, version = excluded.version,
        owner = case when excluded.owner_id is null then o.owner else excluded.owner end, owner_id = coalesce(excluded.owner_id, o.owner_id)
      returning ${objectJson('o')}`,
    values: parameters(values),
  };
}

export function moveObject(from: { readonly bucket: string; readonly name: string }, to: ObjectValues): Sql {
  return {
    text: `update storage.objects o set bucket_id = $1, name = $2, owner = case when $4::text is null then o.owner else $3::uuid end,
        owner_id = coalesce($4, o.owner_id), metadata = $5::jsonb, user_metadata = $6::jsonb, version = $7
      where o.bucket_id = $8 and o.name collate "C" = $9 returning ${objectJson('o')}`,
    values: [...parameters(to), from.bucket, from.name],
  };
}

function parameters(values: ObjectValues): (string | null)[] {
  const { bucket, name, ownerId, metadata, userMetadata, version } = values;
  return [
    bucket,
    name,
    ownerOf(ownerId),
    ownerId ?? null,
    metadata,
    userMetadata === undefined ? null : JSON.stringify(userMetadata),
    version,
  ];
}

export function findObject(bucket: string, name: string): Sql {
  return {
    text: `select ${objectJson('o')} from storage.objects o where o.bucket_id = $1 and o.name collate "C" = $2`,
    values: [bucket, name],
  };
}

/** Rows: those that went. @param version only while it is that one */
export function deleteObject(bucket: string, name: string, version?: string): Sql {
  return {
    text: `delete from storage.objects o where o.bucket_id = $1 and o.name collate "C" = $2 and ($3::text is null or o.version = $3) returning ${objectJson('o')}`,
    values: [bucket, name, version ?? null],
  };
}

export function deleteObjects(bucket: string, names: readonly string[]): Sql {
  return {
    text: `delete from storage.objects o where o.bucket_id = $1 and o.name collate "C" = any($2::text[]) returning ${objectJson('o')}`,
    values: [bucket, arrayLiteral(names)],
  };
}

export function findVersion(bucket: string, name: string): Sql {
  return {
    text: `select pg_catalog.to_json(o.version) from storage.objects o where o.bucket_id = $1 and o.name collate "C" = $2`,
    values: [bucket, name],
  };
}

export function limitsOf(bucket: string): Sql {
  return {
    text: `select pg_catalog.json_build_object('file_size_limit', b.file_size_limit, 'allowed_mime_types', b.allowed_mime_types)
      from storage.buckets b where b.id = $1`,
    values: [bucket],
  };
}

/** Nothing happens where there is one. */
export function addBucket(name: string, isPublic: boolean): Sql {
  return {
    text: `insert into storage.buckets (id, name, public) values ($1, $1, $2) on conflict do nothing`,
    values: [name, isPublic ? 'true' : 'false'],
  };
}

export function bucketNames(): Sql {
  return { text: 'select pg_catalog.to_json(b.id) from storage.buckets b', values: [] };
}

export function deleteBucket(name: string): Sql {
  return { text: 'delete from storage.buckets b where b.id = $1', values: [name] };
}

/** What went, and has not been dealt with here. */
export interface Deletion {
  readonly id: number;
  readonly bucket_id: string;
  /** Empty: the bucket itself. */
  readonly name: string;
  readonly version: string | null;
}

export function listDeletions(limit: number): Sql {
  return {
    text: `select pg_catalog.to_json(d) from storage.peakstone_deletions d order by d.id limit $1`,
    values: [String(limit)],
  };
}

export function findDeletions(bucket: string, name: string): Sql {
  return {
    text: 'select pg_catalog.to_json(d) from storage.peakstone_deletions d where d.bucket_id = $1 and d.name = $2',
    values: [bucket, name],
  };
}

export function strikeDeletions(ids: readonly number[]): Sql {
  return {
    text: 'delete from storage.peakstone_deletions where id = any($1::bigint[])',
    values: [arrayLiteral(ids.map(String))],
  };
}

/** Of these versions alone: of a name that has come and gone again there are others. */
export function strikeVersions(
  bucket: string,
  objects: readonly Pick<StoredObject, 'name' | 'version'>[],
): Sql {
  return {
    text: `delete from storage.peakstone_deletions d using pg_catalog.json_to_recordset($2::json) as gone (name text, version text)
      where d.bucket_id = $1 and d.name = gone.name and d.version is not distinct from gone.version`,
    values: [bucket, JSON.stringify(objects.map(({ name, version }) => ({ name, version })))],
  };
}
