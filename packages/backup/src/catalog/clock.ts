/** How the store has seen time pass, by which what is in it grows old: never by a clock alone. */
import { lookAtClock, momentBefore, type Witness } from '@peakstone/kernel/witness';
import type { HeldVault, Vault } from '../vault.ts';
import type { WalPosition } from './positions.ts';
import { ignoreUnreadable } from './unreadable.ts';

const name = 'checks/clock';
const dayMs = 24 * 60 * 60 * 1000;

/** What the store itself says of the time. */
export interface Evidence {
  readonly backups: readonly { readonly endedAt: string }[];
  readonly position?: WalPosition | undefined;
}

/** Looks at the clock, and has the store know it. @param evidence where nobody has looked yet @throws {BackupError} STORE, KEY; FOREIGN */
export async function witnessTime(vault: HeldVault, now: Date, evidence: Evidence): Promise<Witness> {
  const witness = lookAtClock((await readWitness(vault)) ?? newestOf(evidence), now.getTime());
  await vault.assertHeld();
  await vault.write(name, Buffer.from(JSON.stringify(witness)));
  return witness;
}

/** Undefined where nobody has looked yet, or the record cannot be read. @throws {BackupError} STORE */
export async function readWitness(vault: Vault): Promise<Witness | undefined> {
  const bytes = await vault.read(name).catch(ignoreUnreadable());
  return bytes && (JSON.parse(bytes.toString()) as Witness);
}

function newestOf({ backups, position }: Evidence): Witness | undefined {
  const times = [...backups.map(({ endedAt }) => endedAt), ...(position ? [position.coveredUntil] : [])];
  return times.length === 0 ? undefined : { at: Math.max(...times.map(at => Date.parse(at))), leaps: [] };
}

/**
 * What to say while a leap of the clock is why something is kept that would be too old by it: only of one that is longer than
 * what is kept, as a machine is off for a week every now and then. Undefined when nothing is. Pure.
 */
export function describeLeap(witness: Witness | undefined, keepDays: number): string | undefined {
  const days = Math.max(keepDays, 1);
  const leap = witness?.leaps.findLast(({ from, to }) => to - from > days * dayMs);
  if (!witness || !leap || leap.to <= momentBefore(witness, days * dayMs)) return undefined;
  const at = (ms: number): string => new Date(ms).toISOString();
  return `the clock went from ${at(leap.from)} to ${at(leap.to)} and nobody saw that time pass: what was stored before is kept until ${days} more days have passed. If the clock is wrong, put it right`;
}

/** Whether it is news. Pure. */
export function isRecentLeap({ at, leaps }: Witness): boolean {
  const last = leaps.at(-1);
  return last !== undefined && at - last.to < dayMs;
}
