/** Why a folder cannot be read, or a migration cannot be applied. */
export type MigrateErrorCode =
  | 'declared'
  | 'folder'
  | 'git'
  | 'rename'
  | 'sumMissing'
  | 'sumFormat'
  | 'sumMismatch'
  | 'option'
  | 'locked'
  | 'pooled'
  | 'notClean'
  | 'history'
  | 'outOfOrder'
  | 'refused'
  | 'failed'
  | 'cancelled';

/** `message` states the fact, `hint` says what to do, `cause` is what PostgreSQL or the system said. */
export class MigrateError extends Error {
  override readonly name = 'MigrateError';
  readonly code: MigrateErrorCode;
  readonly hint: string;
  constructor(code: MigrateErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}
