import type { Omission } from './omissions.ts';
import type { Selection } from './select.ts';

export interface DumpOptions {
  /** An address that may read everything. */
  readonly url: string;
  readonly selection?: Selection;
  /** Default: both. */
  readonly content?: 'schema' | 'data';
  /** Say whose everything is. Default true. */
  readonly owners?: boolean;
  /** Say who may do what. Default true. */
  readonly privileges?: boolean;
  /** Drop what is there before. */
  readonly clean?: boolean;
  /** What ends psql's restricted mode; random unless two dumps shall be compared to the letter. */
  readonly restrictKey?: string;
  /** Takes the text, part by part; nothing more is read until it has. */
  readonly write: (part: string | Buffer) => Promise<void>;
  readonly onProgress?: (progress: { readonly share: number | null; readonly text: string }) => void;
  readonly signal?: AbortSignal;
}

export interface DumpReport {
  /** What is not in it. */
  readonly omitted: readonly Omission[];
  readonly tables: number;
  readonly rows: number;
}
