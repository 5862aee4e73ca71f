/** To whom a restored folder belongs, where that is another than this process's user: root's PostgreSQL runs as one of its own. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** Whether it could put something else in the place of what this process makes in a folder, which need not be there yet. */
  mayReplaceIn(folder: string): boolean;
  /**
   * Writes files of a folder of its own, as itself: it may have put links there by then, which must not be followed by a process
   * that may do more.
   */
  write(folder: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Removes a folder that may hold some of its own, as it. */
  remove(folder: string): Promise<void>;
}
