import { type Catalog, listBackups } from '../catalog/backups.ts';
import { readSteps, type StoredStep } from '../catalog/clockSteps.ts';
import { currentTimeline, readCurrent } from '../catalog/current.ts';
import { readPositions, type WalPosition } from '../catalog/positions.ts';
import { readTimelines, type Timeline } from '../catalog/timelines.ts';
import { indexWal, type WalIndex } from '../catalog/wal.ts';
import { readLsn, segmentBefore } from '../lsn.ts';
import type { Vault } from '../vault.ts';

/** What a store has of a cluster. */
export interface Contents extends Catalog {
  readonly place: string;
  readonly segmentBytes: number;
  readonly wal: WalIndex;
  readonly timelines: readonly Timeline[];
  /** The timeline that the database is on. */
  readonly current: number;
  /** How far the WAL of each timeline goes; of the one that the database is on in `position`. */
  readonly positions: ReadonlyMap<number, WalPosition>;
  readonly position: WalPosition | undefined;
  /** Where the server's clock was put back, as far as the WAL that is there has it. */
  readonly clockSteps: readonly StoredStep[];
  /** Why other records cannot be read. */
  readonly damagedRecords: readonly string[];
}

/** @throws {BackupError} STORE */
export async function readContents(vault: Vault): Promise<Contents> {
  const { place, segmentBytes } = vault;
  const catalog = await listBackups(vault);
  const { timelines, damaged: histories } = await readTimelines(vault);
  const { positions, damaged } = await readPositions(vault);
  const { steps: clockSteps, damaged: steps } = await readSteps(vault);
  const said = await readCurrent(vault);
  const stored = [...positions.keys(), ...catalog.backups.map(({ timeline }) => timeline)];
  const current = currentTimeline(said.timeline, stored);
  const position = positions.get(current);
  let wal = await indexWal(vault);
  // A segment becomes a whole one while it is looked, and is neither in a list that was begun before.
  if (position && !hasWal(wal, position, segmentBytes)) wal = await indexWal(vault);
  return {
    ...{ place, segmentBytes, ...catalog, wal, timelines, current, positions, position, clockSteps },
    damagedRecords: [...histories, ...damaged, ...steps, ...said.damaged],
  };
}

function hasWal({ whole, partial }: WalIndex, { timeline, lsn }: WalPosition, segmentBytes: number): boolean {
  const segment = segmentBefore(readLsn(lsn), segmentBytes);
  return [whole, partial].some(index => index.get(timeline)?.has(segment));
}
