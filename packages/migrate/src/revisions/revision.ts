/** How a revision came about; bits, as Atlas keeps them. */
export const revisionType = { baseline: 1, executed: 2, resolved: 4 } as const;

/** What a database remembers of a migration. */
export interface Revision {
  readonly version: string;
  readonly description: string;
  /** Of {@link revisionType}. */
  readonly type: number;
  /** Statements of it that have taken effect, and how many it has. */
  readonly applied: number;
  readonly total: number;
  readonly executedAt: Date;
  readonly executionMs: number;
  /** Empty without one. */
  readonly error: string;
  readonly errorStatement: string;
  /** Of the file, as `atlas.sum` had it; empty for a baseline. */
  readonly hash: string;
  /** Of the statements applied so far, while there are more; null once whole. */
  readonly partialHashes: readonly string[] | null;
  readonly operatorVersion: string;
}

/** Pure. */
export function isPartial({ applied, total }: Revision): boolean {
  return applied !== total;
}

/** As Atlas names it to people. Pure. @example revisionTypeText(2) // 'applied' */
export function revisionTypeText(type: number): string {
  const names: Readonly<Record<number, string>> = {
    [revisionType.baseline]: 'baseline',
    [revisionType.executed]: 'applied',
    [revisionType.resolved]: 'manually set',
    [revisionType.executed | revisionType.resolved]: 'applied + manually set',
  };
  return names[type] ?? `unknown (${type.toString(2).padStart(4, '0')})`;
}

/** In the operator's version of a file that was applied in several runs, and may have been mended between them. */
export const resumedMark = ', resumed';
