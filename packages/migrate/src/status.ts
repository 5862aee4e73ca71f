import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { formats, type MigrationFolder } from './folder/index.ts';
import { type MigrationStatus, planStatus } from './plan/index.ts';
import type { History } from './revisions/index.ts';
import { readUrl } from './session/index.ts';

/**
 * Where databases remember what a folder did to them. Pure.
 * @param schema of the table, where it isn't the usual one
 */
export function historyOf({ format, path }: MigrationFolder, schema: string | null | undefined): History {
  return formats[format].history(path, schema ?? undefined);
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
