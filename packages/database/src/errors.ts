/** Why the database could not be found, prepared, started or bootstrapped. */
export type DatabaseErrorCode =
  | 'BINARIES_MISSING'
  | 'NO_UNPRIVILEGED_USER'
  | 'WRONG_MAJOR_VERSION'
  | 'NOT_A_DATA_FOLDER'
  | 'FOREIGN_DATA_FOLDER'
  | 'FOREIGN_OWNER'
  | 'SHARED_DATA'
  | 'IN_USE'
  | 'PORT_IN_USE'
  | 'DISK_FULL'
  | 'PERMISSION_DENIED'
  | 'NOT_A_FILE'
  | 'INITDB_FAILED'
  | 'START_FAILED'
  | 'STOP_FAILED'
  | 'UNREACHABLE'
  | 'AUTHENTICATION_FAILED'
  | 'BAD_SETTING'
  | 'BOOTSTRAP_FAILED'
  | 'ROTATION_FAILED';

/** `message` states the fact, `hint` says what to do, `cause` is what PostgreSQL or the system said. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: DatabaseErrorCode;
  readonly hint: string;
  constructor(code: DatabaseErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** The `code` of a Node system error, or undefined. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Turns a full disk or a refused access into an error that says what to do; anything else is returned as it is. */
export function explainSystemError(error: unknown, path: string): unknown {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(path, error);
    case 'EACCES':
    case 'EPERM':
      return new DatabaseError(
        'PERMISSION_DENIED',
        `No permission to write ${path}.`,
        `Give this user write access to ${path}, or choose another folder.`,
        error,
      );
    case 'EROFS':
      return new DatabaseError(
        'PERMISSION_DENIED',
        `${path} cannot be written: its disk is read-only.`,
        'Make the disk writable, or choose another folder.',
        error,
      );
    default:
      return error;
  }
}

export function diskFull(path: string, cause?: unknown): DatabaseError {
  return new DatabaseError(
    'DISK_FULL',
    `The disk that holds ${path} is full.`,
    'Free some space there, then start again; what was committed is safe.',
    cause,
  );
}
