/**
 * Which timeline the database is on, as its writer last said it when it stored something. Clocks do not say it: one that was
 * ahead for a day, or behind, would have a timeline that was left taken for the newest.
 */
import type { Vault } from '../vault.ts';
import { ignoreUnreadable } from './unreadable.ts';

const name = 'checks/current';

/** Before the first object that is of another timeline than the ones before. */
export async function writeCurrent(vault: Vault, timeline: number): Promise<void> {
  if ((await readCurrent(vault)).timeline === timeline) return;
  await vault.write(name, Buffer.from(JSON.stringify({ timeline })));
}

/** Undefined where nobody has said it, or what was said cannot be read. @throws {BackupError} STORE */
export async function readCurrent(
  vault: Vault,
): Promise<{ readonly timeline: number | undefined; readonly damaged: readonly string[] }> {
  const damaged: string[] = [];
  const bytes = await vault.read(name).catch(ignoreUnreadable(damaged));
  const said = bytes && (JSON.parse(bytes.toString()) as { readonly timeline: number });
  return { timeline: said?.timeline, damaged };
}

/** The one that was said, or else the newest that anything was stored of: PostgreSQL gives each a higher number than those before. Pure. */
export function currentTimeline(said: number | undefined, stored: Iterable<number>): number {
  return said ?? Math.max(1, ...stored);
}
