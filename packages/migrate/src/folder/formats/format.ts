import type { LoginRole } from '@peakstone/kernel/inventory';
import type { History } from '../../revisions/index.ts';
import type { MigrationFile } from '../file.ts';

/** Whose rules a folder follows. */
export type FolderFormat = 'atlas' | 'supabase' | 'hasura';

/** Something in a folder that is no migration, and why. */
export interface SetAside {
  readonly name: string;
  readonly reason: string;
}

export interface FolderContent {
  /** In the order in which they are applied. */
  readonly files: readonly MigrationFile[];
  readonly setAside: readonly SetAside[];
}

/** A migration that is to be written. */
export interface NewMigration {
  /** What it does; the time goes before it. */
  readonly name: string;
  readonly text: string;
  /** Versions that the folder has. */
  readonly taken: ReadonlySet<string>;
  readonly now: Date;
}

/** All in which the folders of one tool differ from those of another. */
export interface Format {
  readonly name: FolderFormat;
  /** Whether a folder is of this format, by what lies in it and where it lies. */
  isOf(path: string, entries: readonly FolderEntry[]): Promise<boolean>;
  read(path: string): Promise<FolderContent>;
  /** Files of a new migration by their paths in the folder, its statements first. Pure. */
  newFiles(migration: NewMigration): readonly (readonly [path: string, text: string])[];
  /** A migration is one file; otherwise a folder of its own. */
  readonly isFlat: boolean;
  /** Such a folder is of one database, and lies with others in the folder that people name. */
  readonly isByDatabase: boolean;
  /** `atlas.sum` holds a sum of each file, and nothing is done with a folder that it does not fit. */
  readonly hasSums: boolean;
  /** Versions are numbers, and sort as those; otherwise texts, which sort as their bytes. */
  readonly isNumbered: boolean;
  /** What is applied is all up to a version; otherwise it is known of each file by itself. */
  readonly isLinear: boolean;
  /** What was applied must still be in the folder. */
  readonly keepsApplied: boolean;
  /** A file is applied wherever it stands among those that are. */
  readonly ignoresOrder: boolean;
  /** A file can say that it must not run in a transaction. */
  readonly hasTxModes: boolean;
  /** BEGIN and COMMIT in a file are passed over, as every file is a transaction anyway. */
  readonly passesTransactions: boolean;
  /** A first statement that no transaction takes runs before the one of the others, as the tool's pipeline lets it. */
  readonly firstMayStandAlone: boolean;
  /** Whose rules cut a file into statements. */
  readonly cutBy: 'atlas' | 'postgres';
  /** A statement as it is sent. Pure. */
  asSent(text: string): string;
  /** Where one writes what undoes a migration. Pure. */
  placeOfDown(file: string): string;
  /** The tool's own command that makes one file of many; null where ours does. */
  readonly squashedBy: string | null;
  /** Where a database remembers what this folder did to it. @param schema where it isn't the usual one. Pure. */
  history(path: string, schema: string | undefined): History;
  /** The account whose the history's schema is, and what it gives another that migrates; null where that is the other's own. */
  readonly lender: { readonly role: LoginRole; readonly grants: (role: string) => string } | null;
}

/** As `readdir` gives them. */
export interface FolderEntry {
  readonly name: string;
  isDirectory(): boolean;
}
