/** Where the server's clock was put back: times that the WAL has twice, which no restore to a time can tell apart. */
import { formatLsn, hex8, type Lsn, readLsn } from '../lsn.ts';
import type { HeldVault, Vault } from '../vault.ts';
import { ignoreUnreadable } from './unreadable.ts';

/**
 * The server's clock was put back here: behind it are times that were before it already. Recovery to one of them stops at the first
 * later one, which lies before this place, and leaves out what was committed behind it.
 */
export interface ClockStep {
  readonly lsn: Lsn;
  /** The latest time before it, and the earliest behind it, in milliseconds. */
  readonly ahead: number;
  readonly back: number;
}

/** ISO 8601, by the server's clock. */
export interface StoredStep {
  readonly timeline: number;
  readonly lsn: string;
  readonly ahead: string;
  readonly back: string;
}

const folder = 'steps/';

/** Behind the WAL that has it. */
export async function keepStep(
  vault: HeldVault,
  timeline: number,
  { lsn, ahead, back }: ClockStep,
): Promise<void> {
  const step: StoredStep = {
    ...{ timeline, lsn: formatLsn(lsn) },
    ...{ ahead: new Date(ahead).toISOString(), back: new Date(back).toISOString() },
  };
  await vault.assertHeld();
  await vault.write(nameOf(step), Buffer.from(JSON.stringify(step)));
}

/** @throws {BackupError} STORE */
export async function readSteps(
  vault: Vault,
): Promise<{ readonly steps: readonly StoredStep[]; readonly damaged: readonly string[] }> {
  const steps: StoredStep[] = [];
  const damaged: string[] = [];
  for (const { name } of await vault.list(folder)) {
    const bytes = await vault.read(name).catch(ignoreUnreadable(damaged));
    if (bytes) steps.push(JSON.parse(bytes.toString()) as StoredStep);
  }
  return { steps, damaged };
}

export async function removeSteps(vault: HeldVault, steps: readonly StoredStep[]): Promise<void> {
  await vault.delete(steps.map(nameOf));
}

/** In a sentence, with what to do. Pure. */
export function describeStep({ lsn, ahead, back }: StoredStep): string {
  return `The server’s clock was put back at ${lsn}, from ${ahead} to ${back}: times between the two are there twice, and none of them can be restored to by --to. Name a position (--lsn) or a transaction (--xid).`;
}

function nameOf({ timeline, lsn }: StoredStep): string {
  return `${folder}${hex8(timeline)}-${readLsn(lsn).toString(16).toUpperCase().padStart(16, '0')}`;
}
