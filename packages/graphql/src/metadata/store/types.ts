/** Where metadata is kept, so that it outlives the process and is shared by instances. */
import type { Pool } from '@peakstone/kernel/pg';
import type { Metadata } from '../../definition/metadata.ts';

/** Metadata as kept, and how often it has been changed. */
export interface Kept {
  readonly metadata: Metadata;
  readonly version: number;
}

/** What tools keep beside the metadata: the CLI its migrations, the console its preferences. */
export interface CatalogState {
  readonly id: string;
  readonly cli_state: unknown;
  readonly console_state: unknown;
}

export interface MetadataStore {
  /** The database that it is kept in, where scheduled events and asynchronous actions are kept, too; null for memory. */
  readonly pool: Pool | null;
  /** Null when nothing was ever kept. */
  load(): Promise<Kept | null>;
  /** The version of what is kept now; 0 for nothing. */
  version(): Promise<number>;
  /** Gives the new version. @throws {HasuraError} conflict, when somebody else has changed it since `version` was read */
  save(metadata: Metadata, version: number): Promise<number>;
  catalogState(): Promise<CatalogState>;
  setCatalogState(type: CatalogStateType, state: unknown): Promise<void>;
  close(): Promise<void>;
}

export type CatalogStateType = 'cli' | 'console';
