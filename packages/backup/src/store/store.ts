/** Where backups lie: a few calls that a folder and any S3 can keep alike. `test/stores.test.ts` holds both to them. */

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Objects by key. A key is a path of letters, digits, `.`, `_` and `-`, with `/` between. Objects are at most {@link maxObjectBytes}
 * long, so that each is sent and received whole.
 */
export interface Store {
  /** For people, without secrets: `/var/backups/app` or `s3://bucket/app`. */
  readonly place: string;
  /** Whether what is put here leaves this machine, where others may read it. */
  readonly isRemote: boolean;
  /**
   * Durable once resolved, whole or not at all, in place of what was there.
   * @param ifAbsent leaves what is there: decided by the store, whoever else writes at the same time
   * @returns whether it was stored
   * @throws {BackupError} STORE
   */
  put(key: string, bytes: Uint8Array, options?: { readonly ifAbsent?: boolean }): Promise<boolean>;
  /** Undefined when there is none. @throws {BackupError} STORE */
  get(key: string): Promise<Buffer | undefined>;
  /** All whose key begins with `prefix`, by key. @throws {BackupError} STORE */
  list(prefix: string): Promise<StoredObject[]>;
  /** The first parts of all keys that have several, by name. @throws {BackupError} STORE */
  folders(): Promise<string[]>;
  /** What is not there is no error. @throws {BackupError} STORE */
  delete(keys: readonly string[]): Promise<void>;
}

export const maxObjectBytes = 1024 * 1024 * 1024 + 1024 * 1024;

/** A guard against keys that would leave their place: those that a store lists may be anybody's. */
export function isKey(key: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/.test(key);
}
