/** What changes nothing. */
import { basename } from 'node:path';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import type { MigrationFolder } from './folder/index.ts';
import {
  asideNotes,
  type Finding,
  inspectFiles,
  inspectNames,
  type MigrationStatus,
  planFile,
  planStatus,
} from './plan/index.ts';
import { atlasHistory, type History, hasuraHistory, supabaseHistory } from './revisions/index.ts';
import { readUrl } from './session/index.ts';

/**
 * Where databases remember what a folder did to them. Pure.
 * @param schema of the table, where it isn't the usual one
 */
export function historyOf({ format, path }: MigrationFolder, schema: string | null | undefined): History {
  switch (format) {
    case 'atlas':
      return atlasHistory(schema ?? undefined);
    case 'supabase':
      return supabaseHistory;
    case 'hasura':
      return hasuraHistory(basename(path));
  }
}

/**
 * How a database stands to a folder, without waiting for anybody, or making anything.
 * @throws {ConnectionError}; {MigrateError} `history`
 */
export async function readStatus(
  folder: MigrationFolder,
  address: string,
  revisionsSchema: string | undefined,
): Promise<MigrationStatus> {
  const { url, schema } = readUrl(address);
  const pool = createPrivilegedPool({ url, name: 'peakstone migrate status' });
  try {
    const history = historyOf(folder, revisionsSchema ?? schema);
    return planStatus(folder, await history.read(text => pool.script(text)));
  } finally {
    await pool.close();
  }
}

/** All that apply would refuse or note of a folder, were nothing of it applied. Pure. */
export function inspectFolder(folder: MigrationFolder): readonly Finding[] {
  const planned = folder.files.map(file => {
    const none = file.directives.some(({ name, value }) => name === 'txmode' && value === 'none');
    return planFile(file, none ? 'none' : 'file', folder.format);
  });
  const atlas = folder.format === 'atlas';
  return [
    ...asideNotes(folder),
    ...inspectNames(folder.files, folder.format === 'hasura'),
    ...inspectFiles(planned, { sharedWithAtlas: atlas, passesTransactions: !atlas }),
  ];
}
