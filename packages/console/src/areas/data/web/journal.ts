/** Staged edits outlast a reload of the tab: nothing typed is lost, and nothing of it outlives the tab. */
import { type Edits, NO_EDITS } from './edits.ts';

const KEY = 'peakstone.edits.';

export function keepEdits(place: string, { rows, added }: Edits): void {
  if (rows.size === 0 && added.length === 0) sessionStorage.removeItem(KEY + place);
  else sessionStorage.setItem(KEY + place, JSON.stringify({ rows: [...rows], added }));
}

export function keptEdits(place: string): Edits {
  const kept = sessionStorage.getItem(KEY + place);
  if (kept === null) return NO_EDITS;
  const { rows, added } = JSON.parse(kept) as { rows: [string, never][]; added: Edits['added'] };
  return { rows: new Map(rows), added };
}
