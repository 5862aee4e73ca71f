import type { MigrationFile } from '../folder/index.ts';

/** What happens while migrations are applied. A closed union. */
export type ApplyEvent =
  /** What is going to be applied; `from` is empty for a database without a history. */
  | {
      readonly kind: 'planned';
      readonly from: string;
      readonly to: string;
      readonly files: readonly MigrationFile[];
    }
  /** `skipped`: statements of it that an earlier run has applied. */
  | { readonly kind: 'file'; readonly file: MigrationFile; readonly skipped: number }
  /** It is about to run. */
  | { readonly kind: 'statement'; readonly text: string; readonly line: number }
  | { readonly kind: 'fileApplied'; readonly file: MigrationFile }
  /** `statement`: what failed; null when it was the file as a whole. */
  | { readonly kind: 'failed'; readonly statement: string | null; readonly text: string }
  /** Something else than a statement ended the run. */
  | { readonly kind: 'stopped'; readonly text: string }
  /** Everything since `since` (files of this run) was rolled back, and is tried once more. */
  | { readonly kind: 'again'; readonly since: number; readonly reason: string; readonly pauseMs: number }
  /** A statement takes its time as others hold what it needs. */
  | { readonly kind: 'waiting'; readonly text: string }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'done' };

export type OnApplyEvent = (event: ApplyEvent) => void;
