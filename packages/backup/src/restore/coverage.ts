/** What of the time until now a store brings back. Pure. */
import { BackupError } from '../errors.ts';
import type { Contents } from './contents.ts';
import { planRestore, whyNoneLeadsToNow } from './plan.ts';

export interface WalCoverage {
  /** From the end of the first backup behind which no WAL is missing, to the last moment that the store knows of; ISO 8601. */
  readonly from: string | null;
  readonly until: string | null;
  /** Why older backups do not lead to now, or none does. */
  readonly problems: readonly string[];
}

export function coverageOf(contents: Contents): WalCoverage {
  const problems: string[] = [];
  const { position } = contents;
  if (contents.backups.length === 0) return { from: null, until: null, problems };
  for (const { id, endedAt } of contents.backups) {
    try {
      planRestore(contents, { target: { kind: 'latest' }, backup: id });
      // Without somebody who receives WAL each is restored to its own end.
      return position
        ? { ...span(endedAt, position.coveredUntil), problems }
        : { from: null, until: null, problems };
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      // Backups of timelines that were left lead nowhere else by nature.
      if (error.code !== 'TARGET' && !problems.includes(error.message)) problems.push(error.message);
    }
  }
  const none = whyNoneLeadsToNow(contents)?.message;
  if (none !== undefined && !problems.includes(none)) problems.push(none);
  return { from: null, until: null, problems };
}

/** The store is told of what came before a backup by then, and of its end only a moment later: that can be restored in any case. */
function span(from: string, until: string): Pick<WalCoverage, 'from' | 'until'> {
  return { from, until: Date.parse(until) < Date.parse(from) ? from : until };
}
