/** The recording of Atlas at work on folders. */

export interface Recording {
  /** Which Atlas it was. */
  readonly atlas: string;
  readonly cases: readonly FolderCase[];
}

export interface FolderCase {
  readonly name: string;
  /** Texts by name; what begins with `base64:` is bytes. */
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** `schema.name`, joined by commas; without the table of revisions. */
  readonly tables_after: string;
}

export type Step = CommandStep | SqlStep | ChangeStep;

export interface CommandStep {
  readonly command: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the folder afterwards, where the command wrote into it. */
  readonly folder?: Readonly<Record<string, string>>;
  /** Rows afterwards, or the server's error where there is no table. */
  readonly revisions?: readonly RevisionRow[] | string;
}

export interface SqlStep {
  readonly sql: string;
  readonly result: string;
}

export interface ChangeStep {
  readonly files?: Readonly<Record<string, string>>;
  readonly remove?: string;
}

export interface RevisionRow {
  readonly version: string;
  readonly description: string;
  readonly type: number;
  readonly applied: number;
  readonly total: number;
  /** Whether it took any time. */
  readonly timed: boolean;
  readonly error: string;
  readonly error_stmt: string;
  readonly hash: string;
  readonly partial_hashes: readonly string[] | null;
}

/** Pure. */
export function bytesOf(text: string): Buffer {
  return text.startsWith('base64:') ? Buffer.from(text.slice('base64:'.length), 'base64') : Buffer.from(text);
}
