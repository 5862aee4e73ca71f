/** How far the stored WAL goes, by timeline: the last word of whoever stored it. */
import { hex8, readLsn } from '../lsn.ts';
import type { Vault } from '../vault.ts';
import { currentTimeline, readCurrent } from './current.ts';
import { ignoreUnreadable } from './unreadable.ts';

export interface WalPosition {
  readonly timeline: number;
  readonly lsn: string;
  /** Everything that was committed by then is in it; ISO 8601, by the server's clock. */
  readonly coveredUntil: string;
}

/** Of each timeline; those that cannot be read with the reason. */
export interface Positions {
  readonly positions: ReadonlyMap<number, WalPosition>;
  readonly damaged: readonly string[];
}

/** Begins the names of all, and is that of the only one of vaults from before there was one a timeline. */
const prefix = 'position';

export async function writePosition(vault: Vault, position: WalPosition): Promise<void> {
  await vault.write(nameOf(position.timeline), Buffer.from(JSON.stringify(position)));
}

/** Of one timeline; undefined where nobody has said it. @throws {BackupError} STORE */
export async function readPositionOf(
  vault: Vault,
  timeline: number,
): Promise<WalPosition | 'unreadable' | undefined> {
  const reasons: string[] = [];
  const bytes = await vault.read(nameOf(timeline)).catch(ignoreUnreadable(reasons));
  if (reasons.length > 0) return 'unreadable';
  return bytes && (JSON.parse(bytes.toString()) as WalPosition);
}

/** @throws {BackupError} STORE */
export async function readPositions(vault: Vault): Promise<Positions> {
  const positions = new Map<number, WalPosition>();
  const damaged: string[] = [];
  for (const { name } of await vault.list(prefix)) {
    const bytes = await vault.read(name).catch(ignoreUnreadable(damaged));
    if (!bytes) continue;
    const found = JSON.parse(bytes.toString()) as WalPosition;
    const other = positions.get(found.timeline);
    if (!other || readLsn(found.lsn) > readLsn(other.lsn)) positions.set(found.timeline, found);
  }
  return { positions, damaged };
}

function nameOf(timeline: number): string {
  return `${prefix}s/${hex8(timeline)}`;
}

/** Of the timeline that the database is on; undefined where no WAL is received. */
export async function readPosition(vault: Vault): Promise<WalPosition | undefined> {
  const { positions } = await readPositions(vault);
  return positions.get(currentTimeline((await readCurrent(vault)).timeline, positions.keys()));
}
