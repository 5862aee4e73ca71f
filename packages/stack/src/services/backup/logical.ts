/** What backups as SQL need of the machine: who writes a database as SQL, and a server on which the text is tested. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DumpSql, TestText } from '@peakstone/backup';
import { withThrowaway } from '@peakstone/database';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import type { EnvValues } from '../../project/envFile.ts';
import { judgeRefusals } from './administratorOnly.ts';

/** By our own writer, whichever programs the machine has: it says what it could not read. */
export const dumpSql: DumpSql = async options => {
  const { describeOmission, dumpDatabase } = await import('@peakstone/transfer');
  const { tables, rows, omitted } = await dumpDatabase(options);
  return { tables, rows, missing: omitted.map(describeOmission) };
};

/** Imports the text into a stack’s database on a throw-away server. Room for both is in BACKUP_SCRATCH or where the system has temporary files. */
export function testTextOn(env: EnvValues): TestText {
  return async (text, signal) => {
    const folder = await mkdtemp(path.join(env.BACKUP_SCRATCH || tmpdir(), 'peakstone-test-'));
    try {
      const file = path.join(folder, 'backup.sql');
      await pipeline(Readable.from(text), createWriteStream(file, { mode: 0o600 }), { signal });
      return await withThrowaway({}, signal, async server => {
        const adminUrl = await server.createDatabase('restored', { bootstrap: { supabase: 'off' } }, signal);
        return await loadText(file, adminUrl, server.url('restored', 'db_migrator'), signal);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

async function loadText(file: string, adminUrl: string, ownerUrl: string, signal: AbortSignal) {
  const { importDump } = await import('@peakstone/transfer');
  const { rows, notes } = await importDump({ origin: 'postgres', files: [file], adminUrl, ownerUrl, signal });
  const failed = notes.filter(({ kind }) => kind === 'failed');
  const { broken, administratorOnly, standing } = judgeRefusals(
    failed.map(note => ({ ...note, name: `${note.what} ${note.name}` })),
  );
  const [first] = broken;
  if (first) throw new Error(`${first.name}: ${first.why}`);
  const counts = Object.values(rows);
  const pool = createPrivilegedPool({ url: adminUrl, name: 'peakstone backup test' });
  try {
    const [found] = (await pool.query(INDEXES)).rows;
    return {
      tables: counts.length,
      rows: counts.reduce((sum, each) => sum + each, 0),
      indexes: Number(found?.[0]?.toString()),
      administratorOnly: administratorOnly.map(({ name, makes, why }) => `${makes ?? name} (${why})`),
      standing: standing.length,
    };
  } finally {
    await pool.close();
  }
}

const INDEXES = `select count(*) from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indrelid
  where c.relnamespace::pg_catalog.regnamespace::pg_catalog.text operator(pg_catalog.!~) '^(pg_|information_schema)'`;
