/**
 * Constant writes to a server that is backed up, a book of what was acknowledged when, kills of server and backup service, and
 * restores to random moments: each must hold exactly what had been committed by then. For the test and the bench.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, seededRandom, until } from '@peakstone/testing';
import { readContents } from '../src/index.ts';
import { type Lab, openLab } from './lab.ts';

export interface LedgerOptions {
  readonly kills: number;
  readonly restores: number;
  readonly seed: number;
  readonly writers?: number;
  /** Told of each step. */
  readonly say: (text: string) => void;
}

export interface LedgerResult {
  readonly acknowledged: number;
  /** Sent, and never answered: either is right. */
  readonly unknown: number;
  readonly backups: number;
  readonly restores: readonly {
    readonly at: string;
    readonly from: string;
    readonly rows: number;
    /** Acknowledged by then, and not there. */
    readonly missing: number;
    /** There, and not sent by then. */
    readonly surplus: number;
    readonly durationMs: number;
  }[];
}

interface Entry {
  readonly sentAt: number;
  /** Infinity while no answer has come. */
  ackedAt: number;
}

export async function keepLedger({
  kills,
  restores,
  seed,
  writers = 4,
  say,
}: LedgerOptions): Promise<LedgerResult> {
  const random = seededRandom(seed);
  const lab = await openLab();
  const book = new Map<number, Entry>();
  const stopping = new AbortController();
  let service = startService(lab);
  const writing = Array.from({ length: writers }, () => write(lab, book, stopping.signal));
  try {
    await until(async () => (await backupsOf(lab)).length > 0);
    const first = Date.parse((await backupsOf(lab))[0]!.endedAt);
    for (let kill = 0; kill < kills; kill++) {
      await sleep(200 + random() * 1500);
      const victim = ['server', 'service', 'both'][kill % 3]!;
      if (victim !== 'server') {
        service.kill('SIGKILL');
        await once(service, 'exit');
      }
      if (victim !== 'service') await lab.server.kill9();
      if (victim !== 'service') await lab.server.restart();
      if (victim !== 'server') service = startService(lab);
      // In quiet moments the schedule's own backups come through; one now and then does in any case.
      if (kill % 10 === 9) await lab.backUp('auto');
      say(`${kill + 1}: killed ${victim === 'both' ? 'server and service' : victim}; ${book.size} rows sent`);
    }
    await sleep(1000);
    stopping.abort();
    await Promise.all(writing);
    const last = Date.now();
    await covered(lab, last);
    service.kill('SIGTERM');
    await once(service, 'exit');
    const results: LedgerResult['restores'][number][] = [];
    for (let round = 0; round < restores; round++) {
      const at = new Date(Math.ceil(first + random() * (last - first)));
      const began = performance.now();
      const { rows, restored } = await lab.restore(
        { time: at.toISOString() },
        `select coalesce(string_agg(id::text, ',' order by id), '') from ledger`,
      );
      const found = new Set((rows[0] ?? '').split(',').filter(Boolean).map(Number));
      const result = {
        at: at.toISOString(),
        from: restored.plan.chain.at(-1)!.id,
        rows: found.size,
        ...compare(book, found, at.getTime()),
        durationMs: Math.round(performance.now() - began),
      };
      results.push(result);
      say(
        `restored to ${result.at} from ${result.from}: ${result.rows} rows, ${result.missing} missing, ${result.surplus} too many, ${result.durationMs} ms`,
      );
    }
    const entries = [...book.values()];
    return {
      acknowledged: entries.filter(({ ackedAt }) => ackedAt !== Number.POSITIVE_INFINITY).length,
      unknown: entries.filter(({ ackedAt }) => ackedAt === Number.POSITIVE_INFINITY).length,
      backups: (await backupsOf(lab)).length,
      restores: results,
    };
  } finally {
    stopping.abort();
    service.kill('SIGKILL');
    await Promise.all(writing);
    await lab.close();
  }
}

/** A commit that was answered before the moment is in it; one that was sent after it is not; between, either is right. */
function compare(book: ReadonlyMap<number, Entry>, found: ReadonlySet<number>, at: number) {
  let missing = 0;
  let surplus = 0;
  for (const [id, { sentAt, ackedAt }] of book) {
    if (ackedAt < at && !found.has(id)) missing++;
    if (sentAt > at && found.has(id)) surplus++;
  }
  for (const id of found) if (!book.has(id)) surplus++;
  return { missing, surplus };
}

let lastId = 0;

/** One row after the other, each a commit of its own, whatever becomes of the server. */
async function write(lab: Lab, book: Map<number, Entry>, signal: AbortSignal): Promise<void> {
  const sql = connect(lab.server.url);
  try {
    while (!signal.aborted) {
      const id = ++lastId;
      const entry: Entry = { sentAt: Date.now(), ackedAt: Number.POSITIVE_INFINITY };
      book.set(id, entry);
      try {
        await sql.query('insert into ledger values ($1, $2)', [String(id), 'x'.repeat(200)]);
        // Of the next millisecond: the clock may have been at the end of this one.
        entry.ackedAt = Date.now() + 1;
      } catch {
        // The server is down, and whether the row is in is unknown.
        await sleep(50);
      }
    }
  } finally {
    await sql.close();
  }
}

function startService(lab: Lab): ChildProcess {
  const service = fork(path.join(import.meta.dirname, 'serviceProgram.ts'), {
    env: {
      ...process.env,
      BACKUP_DATABASE_URL: lab.url,
      BACKUP_STORE: lab.store.place,
      BACKUP_WAL_SECONDS: '1',
      BACKUP_FULL: '*/3 * * * *',
      BACKUP_INCREMENTAL: '* * * * *',
      BACKUP_TEST: 'off',
    },
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return service;
}

async function backupsOf(lab: Lab) {
  const vault = await lab.vault();
  return vault ? (await readContents(vault)).backups : [];
}

/** Until the store says that it has everything up to a moment. */
async function covered(lab: Lab, moment: number): Promise<void> {
  await until(async () => {
    const { position } = await readContents(await lab.vault());
    return position !== undefined && Date.parse(position.coveredUntil) > moment;
  });
}
