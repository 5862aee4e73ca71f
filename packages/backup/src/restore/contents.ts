import { type Catalog, listBackups } from '../catalog/backups.ts';
import {
  indexWal,
  listTimelines,
  readPosition,
  type Timeline,
  type WalIndex,
  type WalPosition,
} from '../catalog/wal.ts';
import type { Vault } from '../vault.ts';

/** What a store has of a cluster. */
export interface Contents extends Catalog {
  readonly place: string;
  readonly segmentBytes: number;
  readonly wal: WalIndex;
  readonly timelines: readonly Timeline[];
  readonly position: WalPosition | undefined;
}

/** @throws {BackupError} STORE, CORRUPT, KEY */
export async function readContents(vault: Vault): Promise<Contents> {
  const { place, segmentBytes } = vault;
  const catalog = await listBackups(vault);
  const [wal, timelines, position] = await Promise.all([
    indexWal(vault),
    listTimelines(vault),
    readPosition(vault),
  ]);
  return { place, segmentBytes, ...catalog, wal, timelines, position };
}
