import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@peakstone/testing';
import { connectionUrl, startServer } from '../src/index.ts';
import { type NodeRun, options, spawnNode } from './support.ts';

/** Which process is killed with SIGKILL while rows are being written. */
export type Victim = 'postmaster' | 'parent' | 'both';

export interface CrashResult {
  /** Rows whose INSERT was answered before the kill. */
  readonly acknowledged: number;
  /** Of those, how many the database no longer has. Must be 0. */
  readonly lost: number;
  /** From the kill's next start to the first query answered. */
  readonly recoveryMs: number;
}

const PROGRAM = path.join(import.meta.dirname, 'crashProgram.ts');

/**
 * One round: a process starts PostgreSQL on `dataDir` and inserts rows on several connections, saying each one that
 * was acknowledged; something is killed; the next start must come up unaided and have every row.
 */
export async function crashRound(dataDir: string, victim: Victim, writeMs: number): Promise<CrashResult> {
  const run = spawnNode([PROGRAM, dataDir]);
  const [, postmaster] = (await run.line('ready ')).split(' ').map(Number);
  await run.line('ok ');
  await sleep(writeMs);
  if (victim !== 'parent') process.kill(postmaster as number, 'SIGKILL');
  if (victim !== 'postmaster') run.child.kill('SIGKILL');
  const { acknowledged, round } = await readAcknowledged(run);

  const startedAt = performance.now();
  const server = await startServer(options(dataDir), new AbortController().signal);
  const client = connect(
    connectionUrl({ host: server.socketDir, port: server.port }, 'postgres', 'postgres'),
  );
  try {
    const rows = await client.query('select id::text from written where round = $1', [round]);
    const recoveryMs = performance.now() - startedAt;
    const kept = new Set(rows.map(([id]) => id));
    return {
      acknowledged: acknowledged.length,
      lost: acknowledged.filter(id => !kept.has(id)).length,
      recoveryMs,
    };
  } finally {
    await client.close();
    await server.stop();
  }
}

/** The program's whole lines; its last may be cut off by the kill, which is no acknowledgement. */
async function readAcknowledged(run: NodeRun): Promise<{ acknowledged: string[]; round: string }> {
  const { output } = await run.finished;
  const lines = output.slice(0, output.lastIndexOf('\n') + 1).split('\n');
  const round = lines.find(line => line.startsWith('round '))?.slice('round '.length) ?? '';
  return {
    round,
    acknowledged: lines.filter(line => line.startsWith('ok ')).map(line => line.slice('ok '.length)),
  };
}
