import { PgError } from '@peakstone/kernel/pg';
import type { GraphqlConfig } from '../../config/types.ts';
import { memoryStore } from './memory.ts';
import { MetadataStoreError, openPostgresStore } from './postgres.ts';
import type { MetadataStore } from './types.ts';

/**
 * The store of the settings. Where the database decides and nobody has named a place for metadata, a login that may not
 * make one does without: what is tracked needs none, and `tell` says so.
 * @throws {MetadataStoreError | ConnectionError}
 */
export async function openStore(
  { metadataDatabaseUrl: url, needsMetadataStore }: GraphqlConfig,
  tell: (line: string) => void,
): Promise<MetadataStore> {
  if (url === null) return memoryStore();
  try {
    return await openPostgresStore(url);
  } catch (error) {
    const mayNot = error instanceof MetadataStoreError && error.cause instanceof PgError;
    if (needsMetadataStore || !mayNot) throw error;
    tell(`${error.message} Until then, changes of the metadata are lost at the next start.`);
    return memoryStore();
  }
}
