/** Where the server programs are, and what they are called. */
export interface Binaries {
  readonly kind: 'embedded' | 'system';
  /** Holds `postgres` and `initdb`. */
  readonly binDir: string;
  /** As `postgres --version` prints it: `17.10`. */
  readonly version: string;
  /** Where extension libraries are (`pg_cron.so`). */
  readonly libraryDir: string;
}
