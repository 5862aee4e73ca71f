import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import {
  type ApplyEvent,
  type ApplyOptions,
  ApplyReport,
  applyMigrations,
  assertSums,
  type Diagnostic,
  historyOf,
  MigrateSession,
  type MigrationStatus,
  type Revision,
  readFolder,
  readStatus,
  type SessionOptions,
  setVersion,
  sumFile,
  sumTextOf,
} from '../src/index.ts';

/** What came of applying. */
export interface Applied {
  readonly text: string;
  readonly events: readonly ApplyEvent[];
  readonly diagnostics: readonly Diagnostic[];
  readonly error: (Error & { readonly code?: string; readonly hint?: string }) | null;
}

export const defaults: ApplyOptions = {
  txMode: 'file',
  order: 'linear',
  baseline: null,
  allowDirty: false,
  dryRun: false,
  amount: null,
  attempts: { count: 3, pauseMs: 10 },
  operatorVersion: 'test',
};

/** A folder of migrations, and a database of its own. */
export class MigrateProject {
  readonly root = mkdtempSync(path.join(tmpdir(), 'peakstone-migrate-'));
  readonly folder: string;
  readonly database: TestDatabase;

  private constructor(database: TestDatabase, folder: string) {
    this.database = database;
    this.folder = path.join(this.root, folder);
    mkdirSync(this.folder, { recursive: true });
  }

  static async make(files: Readonly<Record<string, string>>, folder = 'migrations'): Promise<MigrateProject> {
    const project = new MigrateProject(await testDatabase(), folder);
    await project.write(files);
    return project;
  }

  /** Writes files, and hashes the folder; null removes one. */
  async write(files: Readonly<Record<string, string | null>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      if (text === null) rmSync(file);
      else writeFileSync(file, text);
    }
    const folder = await readFolder(this.folder);
    if (folder.format === 'atlas') writeFileSync(path.join(this.folder, sumFile), sumTextOf(folder));
  }

  async apply(
    options: Partial<ApplyOptions> = {},
    session: Partial<SessionOptions> = {},
    { signal = new AbortController().signal, onEvent = (_: ApplyEvent): void => undefined } = {},
  ): Promise<Applied> {
    const events: ApplyEvent[] = [];
    const diagnostics: Diagnostic[] = [];
    let text = '';
    const report = new ApplyReport(part => {
      text += part;
    }, options.txMode === 'all');
    const folder = await readFolder(this.folder);
    assertSums(folder);
    let error: Applied['error'] = null;
    try {
      await this.inSession(session, signal, async open => {
        await applyMigrations({
          folder,
          session: open,
          history: historyOf(folder, open.schema),
          options: { ...defaults, ...options },
          signal,
          onDiagnostic: diagnostic => diagnostics.push(diagnostic),
          onEvent: event => {
            events.push(event);
            report.add(event);
            onEvent(event);
          },
        });
      });
    } catch (thrown) {
      error = thrown as Error;
    }
    report.end();
    return { text, events, diagnostics, error };
  }

  async set(version: string | null): Promise<void> {
    const folder = await readFolder(this.folder);
    await this.inSession({}, new AbortController().signal, async session => {
      await setVersion(folder, session, historyOf(folder, session.schema), {
        version,
        operatorVersion: 'test',
      });
    });
  }

  async status(): Promise<MigrationStatus> {
    return await readStatus(await readFolder(this.folder), this.database.url, undefined);
  }

  async revisions(): Promise<readonly Revision[]> {
    return (await this.status()).applied;
  }

  /** Cells of a query as texts. */
  async query(sql: string): Promise<readonly (readonly string[])[]> {
    const { rows } = await this.database.pool.query(sql);
    return rows.map(row => row.map(String));
  }

  async inSession(
    options: Partial<SessionOptions>,
    signal: AbortSignal,
    work: (session: MigrateSession) => Promise<void>,
  ): Promise<void> {
    const session = await MigrateSession.open(
      { url: this.database.url, lockTimeoutMs: 60_000, tableLockTimeoutMs: 60_000, ...options },
      signal,
    );
    try {
      await work(session);
    } finally {
      await session.close();
    }
  }

  async close(): Promise<void> {
    await this.database.drop();
    rmSync(this.root, { recursive: true, force: true });
  }
}
