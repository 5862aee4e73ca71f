import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { runCommandLine } from '../../../packages/cli/src/index.ts';
import { createPrivilegedPool } from '../../../packages/kernel/src/pg/index.ts';
import { bytesOf, type CommandStep, type FolderCase, type RevisionRow, type Step } from './cases.ts';

/** What a command of ours did in the place of one of Atlas'. */
export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly folder: Readonly<Record<string, string>>;
  /** Null where there is no table. */
  readonly revisions: readonly RevisionRow[] | null;
}

/** A folder and a database of its own, in which the steps of one case are done. */
export class Bench {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'peakstone-migrate-'));
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
    mkdirSync(path.join(this.#root, 'm'));
  }

  change({ files = {}, remove }: { readonly files?: FolderCase['files']; readonly remove?: string }): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(this.#place(name), bytesOf(text));
    if (remove !== undefined) rmSync(this.#place(remove));
  }

  async run({ command }: CommandStep): Promise<Outcome> {
    const argv = command.map(word => (word === '$URL' || word === '$DEV' ? this.#url : word));
    const [stdout, stderr] = [new Collected(), new Collected()];
    const exit = await runCommandLine([...argv, '--dir', 'file://m'], {
      env: {},
      cwd: this.#root,
      stdin: process.stdin,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stderr as unknown as NodeJS.WriteStream,
    });
    const names = readdirSync(path.join(this.#root, 'm')).sort();
    const folder = Object.fromEntries(names.map(name => [name, readFileSync(this.#place(name), 'utf8')]));
    return { exit, stdout: stdout.text, stderr: stderr.text, folder, revisions: await this.#revisions() };
  }

  /** The first cell. */
  async sql(text: string): Promise<string> {
    const pool = createPrivilegedPool({ url: this.#url, name: 'conformance' });
    try {
      const results = await pool.script(text);
      return String(results.at(-1)?.rows[0]?.[0] ?? '');
    } finally {
      await pool.close();
    }
  }

  /** `schema.name`, sorted. */
  async tables(): Promise<string> {
    return await this.sql(`select coalesce(string_agg(n.nspname || '.' || c.relname, ',' order by n.nspname || '.' || c.relname collate "C"), '')
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'atlas_schema_revisions')`);
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #place(name: string): string {
    return name.includes('/') ? path.join(this.#root, name) : path.join(this.#root, 'm', name);
  }

  async #revisions(): Promise<readonly RevisionRow[] | null> {
    const there = await this.sql(
      `select to_regclass('atlas_schema_revisions.atlas_schema_revisions') is not null`,
    );
    if (there !== 't') return null;
    return JSON.parse(
      await this.sql(`select coalesce(json_agg(json_build_object('version', version, 'description', description, 'type', type,
        'applied', applied, 'total', total, 'timed', execution_time > 0, 'error', coalesce(error, ''),
        'error_stmt', coalesce(error_stmt, ''), 'hash', hash, 'partial_hashes', partial_hashes) order by version collate "C"), '[]')
        from atlas_schema_revisions.atlas_schema_revisions`),
    ) as readonly RevisionRow[];
  }
}

class Collected extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Pure. */
export function isCommand(step: Step): step is CommandStep {
  return 'command' in step;
}
