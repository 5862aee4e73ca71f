/** A database that may be thrown away. */
export interface ScratchDatabase {
  /** The superuser's. */
  readonly adminUrl: string;
  /** Of whoever migrates. */
  readonly url: string;
  /** A copy; nobody may be connected to the original. */
  copy(): Promise<ScratchDatabase>;
  drop(): Promise<void>;
}
