import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createPrivilegedPool, parseConninfo } from '@peakstone/kernel/pg';
import { writeWholeFile } from '../dump/file.ts';
import { dumpDatabase } from '../dump/index.ts';
import { OMISSION_WORDS, type Omission } from '../dump/omissions.ts';
import { isImportUnfinished } from './journal.ts';
import type { ImportReport, Note } from './notes.ts';
import { type ImportOptions, importDump } from './run.ts';

/** Whether a source is the address of a database, and no file. Pure. */
export function isAddress(source: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(source);
}

export interface DatabaseImportOptions extends Omit<ImportOptions, 'files'> {
  /** The database that is imported; it is read only, in one snapshot. */
  readonly url: string;
  /** A private folder, for the dump until it is imported: a run that was killed goes on with it. */
  readonly folder: string;
}

/**
 * Imports a database that runs: dumps it into a file of its own, and imports that.
 * @throws as `importDump` and `dumpDatabase` do.
 */
export async function importDatabase({
  url,
  folder,
  ...options
}: DatabaseImportOptions): Promise<ImportReport> {
  const { hosts, database, user } = parseConninfo(url);
  const name = createHash('sha256')
    .update(JSON.stringify([hosts, database, user]))
    .digest('hex')
    .slice(0, 16);
  const file = path.join(folder, `import-${name}.sql`);
  const removeAll = async (): Promise<void> => {
    for (const name of [file, notHeld]) await rm(name, { force: true });
  };
  // What is there is of now, unless half of it is in already.
  const notHeld = `${file}.omitted`;
  if (!existsSync(file) || !(await isBegun(options.adminUrl))) {
    await removeAll();
    const report = await writeWholeFile(file, write =>
      dumpDatabase({
        url,
        write,
        onProgress: ({ share, text }) => options.onProgress?.({ phase: 'dumping', share: share ?? 0, text }),
        ...(options.signal && { signal: options.signal }),
      }),
    );
    // Also for a run that takes this one up.
    await writeWholeFile(notHeld, write => write(JSON.stringify(report.omitted)));
  }
  const report = await importDump({ ...options, files: [file] }).catch(async error => {
    // What was refused leaves nothing of somebody's database behind; what was begun goes on from it.
    if (!(await isBegun(options.adminUrl))) await removeAll();
    throw error;
  });
  const left = existsSync(notHeld)
    ? (JSON.parse(await readFile(notHeld, 'utf8')) as readonly Omission[])
    : [];
  await removeAll();
  const notes = left.map(
    ({ what, why }): Note => ({ kind: 'aside', what: 'dump', name: what, ...OMISSION_WORDS[why] }),
  );
  return {
    ...report,
    source: [`${database} of ${hosts.map(({ host }) => host).join(', ')}`],
    notes: [...report.notes, ...notes],
  };
}

async function isBegun(adminUrl: string): Promise<boolean> {
  const admin = createPrivilegedPool({ url: adminUrl, name: 'peakstone import' });
  try {
    return await isImportUnfinished(admin);
  } finally {
    await admin.close();
  }
}
