/**
 * Metadata in `hdb_catalog`, where the reference keeps its own. Changes are told to other instances, of either make, by
 * `hdb_schema_notifications` and the version, which each of them looks at now and then.
 */
import { randomUUID } from 'node:crypto';
import { createPrivilegedPool, PgError, type Pool } from '@peakstone/kernel/pg';
import type { Metadata } from '../../definition/metadata.ts';
import { conflict } from './conflict.ts';
import { bringUpToDate, catalogVersion, createTables, oldestCatalogVersion } from './tables.ts';
import type { CatalogState, CatalogStateType, MetadataStore } from './types.ts';

/** The database holds metadata that cannot be taken over, or lets none be kept: a line for the operator. */
export class MetadataStoreError extends Error {
  override readonly name = 'MetadataStoreError';
}

/** Of instances that start at the same time, one makes the tables. */
const startLock = 4_865_421_048;

/**
 * Makes the tables where there are none.
 * @throws {MetadataStoreError} for what the reference would refuse, too, or when the login may not write there
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function openPostgresStore(url: string): Promise<MetadataStore> {
  const pool = createPrivilegedPool({ url, name: 'peakstone graphql metadata' });
  try {
    await prepare(pool);
    return new PostgresStore(pool);
  } catch (error) {
    await pool.close(0);
    if (!(error instanceof PgError) || error.code !== '42501') throw error;
    throw new MetadataStoreError(
      `Metadata cannot be kept in the schema hdb_catalog: ${error.message}. Grant the login CREATE on the database, or name another database in HASURA_GRAPHQL_METADATA_DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function prepare(pool: Pool): Promise<void> {
  const found = await foundVersion(pool);
  if (found === catalogVersion) return;
  if (found !== null && found < oldestCatalogVersion)
    throw new MetadataStoreError(
      `Catalog version ${found} of hdb_catalog is of Hasura 1: start Hasura 2 on this database once, which brings it to ${oldestCatalogVersion} or later.`,
    );
  if (found !== null && found > catalogVersion)
    throw new MetadataStoreError(
      `Cannot use database previously used with a newer version of graphql-engine (expected a catalog version <=${catalogVersion}, but the current version is ${found}).`,
    );
  await pool.exchange({
    begin: 'begin',
    statements: [
      { text: `select pg_catalog.pg_advisory_xact_lock(${startLock})`, values: [], prepare: false },
      { text: `do $tables$ begin ${found === null ? firstTables : laterTables} end $tables$`, values: [] },
    ],
  });
}

const stamp = `insert into hdb_catalog.hdb_version (version, upgraded_on) values ('${catalogVersion}', now())
  on conflict ((version is not null)) do update set version = excluded.version, upgraded_on = excluded.upgraded_on;`;

/** Another instance may have made them while this one waited for the lock. */
const firstTables = `
  if pg_catalog.to_regnamespace('hdb_catalog') is null then create schema hdb_catalog; end if;
  if pg_catalog.to_regclass('hdb_catalog.hdb_version') is null then ${createTables} ${stamp} end if;`;
const laterTables = `${bringUpToDate} ${stamp}`;

/** Null where there are no tables. */
async function foundVersion(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query("select pg_catalog.to_regclass('hdb_catalog.hdb_version') is not null");
  if (rows[0]![0]!.toString() !== 't') return null;
  const versions = await pool.query('select version from hdb_catalog.hdb_version');
  const version = versions.rows[0]?.[0]?.toString();
  return version === undefined ? null : Number(version);
}

class PostgresStore implements MetadataStore {
  readonly pool: Pool;
  /** What is told by this instance is not for itself. */
  readonly #instance = randomUUID();

  constructor(pool: Pool) {
    this.pool = pool;
  }

  async load() {
    const { rows } = await this.pool.query(
      'select metadata, resource_version from hdb_catalog.hdb_metadata where id operator(pg_catalog.=) 1',
    );
    const row = rows[0];
    if (!row) return null;
    return {
      metadata: JSON.parse(row[0]!.toString()) as Metadata,
      version: Number(row[1]!.toString()),
    };
  }

  async version(): Promise<number> {
    const { rows } = await this.pool.query(
      'select resource_version from hdb_catalog.hdb_metadata where id operator(pg_catalog.=) 1',
    );
    return Number(rows[0]?.[0]?.toString() ?? 0);
  }

  async save(metadata: Metadata, version: number): Promise<number> {
    const invalidated = {
      metadata: true,
      remote_schemas: (metadata.remote_schemas ?? []).map(({ name }) => name),
      sources: metadata.sources.map(({ name }) => name),
      data_connectors: [],
    };
    const saving = this.pool.query(
      `with kept as (
         insert into hdb_catalog.hdb_metadata as known (id, metadata) values (1, $1::json)
         on conflict (id) do update
           set metadata = excluded.metadata, resource_version = known.resource_version operator(pg_catalog.+) 1
           where known.resource_version operator(pg_catalog.=) $2::integer
         returning resource_version
       ), told as (
         insert into hdb_catalog.hdb_schema_notifications (id, notification, resource_version, instance_id, updated_at)
         select 1, $3::json, resource_version, $4::uuid, now() from kept
         on conflict (id) do update
           set notification = excluded.notification, resource_version = excluded.resource_version,
               instance_id = excluded.instance_id, updated_at = excluded.updated_at
       )
       select resource_version from kept`,
      [JSON.stringify(metadata), String(version), JSON.stringify(invalidated), this.#instance],
    );
    const { rows } = await saving.catch((error: unknown) => {
      // Two that begin at once meet on the version as well, which the upsert does not look at.
      throw error instanceof PgError && error.code === '23505' ? conflict(version) : error;
    });
    const row = rows[0];
    if (!row) throw conflict(version);
    return Number(row[0]!.toString());
  }

  async catalogState(): Promise<CatalogState> {
    const { rows } = await this.pool.query(
      'select hasura_uuid, cli_state, console_state from hdb_catalog.hdb_version',
    );
    const [id, cli, console] = rows[0]!.map(cell => cell!.toString());
    return { id: id!, cli_state: JSON.parse(cli!), console_state: JSON.parse(console!) };
  }

  async setCatalogState(type: CatalogStateType, state: unknown): Promise<void> {
    await this.pool.query(`update hdb_catalog.hdb_version set ${type}_state = $1::jsonb`, [
      JSON.stringify(state),
    ]);
  }

  async close(): Promise<void> {
    await this.pool.close(0);
  }
}
