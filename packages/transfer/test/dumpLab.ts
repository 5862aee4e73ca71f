/** Databases that are dumped and restored: what tests of dumps share. */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectClient, PgError } from '@peakstone/kernel/pg';
import { Restriction, readScript } from '@peakstone/kernel/script';
import { connect, startTestServer } from '@peakstone/testing';
import { type DumpOptions, dumpDatabase, findPgDump, runPgDump } from '@peakstone/transfer';

/** PostgreSQL's own program of version 17, where this machine has one. */
export const pgDump = findPgDump({ PATH: process.env.PEAKSTONE_PG_BIN ?? process.env.PATH });

export interface DumpLab {
  /** Of the server's first database. */
  readonly url: string;
  readonly folder: string;
  emptyDatabase(): Promise<string>;
  /** Restores a script into a database, by default an empty one. @returns its URL */
  restored(text: string, into?: string): Promise<string>;
  close(): Promise<void>;
}

export async function openDumpLab(): Promise<DumpLab> {
  const server = await startTestServer({ durable: false });
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-dump-'));
  let databases = 0;
  const emptyDatabase = async (): Promise<string> => {
    const name = `copy_${++databases}`;
    const client = connect(server.url);
    await client.script(`create database ${name} template template0`);
    await client.close();
    return server.url.replace('/postgres?', `/${name}?`);
  };
  return {
    ...{ url: server.url, folder, emptyDatabase },
    async restored(text, into) {
      const url = into ?? (await emptyDatabase());
      const file = join(folder, `${databases}.sql`);
      writeFileSync(file, text);
      await restoreFile(url, file);
      return url;
    },
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function dump(url: string, options: Partial<DumpOptions> = {}): Promise<string> {
  const parts: Buffer[] = [];
  await dumpDatabase({
    url,
    write: async part => {
      parts.push(Buffer.from(part as Buffer));
    },
    restrictKey: 'known',
    ...options,
  });
  return Buffer.concat(parts).toString();
}

/** What that program writes. */
export async function realDump(url: string): Promise<string> {
  const parts: Buffer[] = [];
  await runPgDump(pgDump!, {
    url,
    restrictKey: 'known',
    write: async part => {
      parts.push(Buffer.from(part as Buffer));
    },
  });
  return Buffer.concat(parts).toString();
}

/** Runs a script as psql would, to its end, and rejects with the first error. */
export async function restoreFile(url: string, file: string): Promise<void> {
  const client = await connectClient({ url });
  try {
    const restriction = new Restriction();
    for await (const piece of readScript(createReadStream(file), 'dump.sql')) {
      const allowed = restriction.take(piece);
      if (typeof allowed === 'object') throw new Error(`${allowed.command} ${allowed.why}`);
      if (allowed === 'done') continue;
      if (piece.rows) await client.script(piece.text, { copyIn: () => piece.rows!.parts });
      else
        await client.script(piece.text).catch(error => {
          if (error instanceof PgError)
            throw new Error(`${file}:${piece.line + 1}: ${error.message}`, { cause: error });
          throw error;
        });
    }
  } finally {
    client.close();
  }
}
