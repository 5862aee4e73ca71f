/** What a backup, or its restore, can fail by; each has one meaning for callers. */
export type BackupErrorCode =
  /** The store cannot be reached, refuses, or is full. */
  | 'STORE'
  /** What the store holds is not what was written: it was changed, cut off, or is another object. */
  | 'CORRUPT'
  /** It is encrypted, and the key is absent or another. */
  | 'KEY'
  /** A backup, a piece of one, or WAL is not there. */
  | 'MISSING'
  /** What this stack stored is not where it was: a disk that is not mounted, say. */
  | 'AWAY'
  /** What is asked for lies outside of what the store can restore. */
  | 'TARGET'
  /** The server cannot be backed up in this way. */
  | 'SERVER'
  /** What the store holds is of another cluster, or of a copy of this one. */
  | 'FOREIGN'
  /** The place of a restore is not fit for it. */
  | 'PLACE'
  /** The restored server did not become what it should. */
  | 'RECOVERY';

/** A failure for people: `message` says what is, `hint` what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;
  readonly hint: string;
  constructor(code: BackupErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}
