import { once } from 'node:events';
import type { StackSummary } from '@peakstone/stack';
import { gatewayOf, runCli, startCli, stopCli } from './cli.ts';
import { processTree } from './processes.ts';

export interface CrashOptions {
  readonly folder: string;
  readonly portBase: number;
  readonly rounds: number;
  readonly writers?: number;
  readonly onRound?: (round: number, so: { acknowledged: number; lost: number; recoveryMs: number }) => void;
}

export interface CrashReport {
  readonly rounds: number;
  readonly acknowledged: number;
  /** Rows whose insert was answered with 201 and that are not in the table. */
  readonly lost: number;
  readonly recoveriesMs: readonly number[];
}

/**
 * Starts a stack, writes rows through the gateway from several clients, kills every process of it with SIGKILL at a
 * random moment, starts it again and compares.
 * @throws when a start fails, or nothing was acknowledged at all.
 */
export async function crashRounds({
  folder,
  portBase,
  rounds,
  writers = 8,
  onRound,
}: CrashOptions): Promise<CrashReport> {
  const acknowledged = new Set<number>();
  const recoveriesMs: number[] = [];
  let next = 0;
  let stack = await startCli(folder, portBase);
  try {
    await runCli(folder, [
      'sql',
      'create table public.crash_test (id bigint primary key, at timestamptz default now()); grant select, insert on public.crash_test to app_user, service_role',
    ]);
    await untilServed(stack.summary, folder);
    const token = (await runCli(folder, ['secrets', 'jwt', '--role', 'app_user'])).trim();
    for (let round = 1; round <= rounds; round++) {
      const url = `${gatewayOf(stack.summary)}/rest/v1/crash_test`;
      const abort = new AbortController();
      const clients = Array.from({ length: writers }, async () => {
        while (!abort.signal.aborted) {
          const id = next++;
          try {
            const response = await fetch(url, {
              method: 'POST',
              headers: {
                authorization: `Bearer ${token}`,
                'content-type': 'application/json',
                prefer: 'return=minimal',
              },
              body: JSON.stringify({ id }),
              signal: abort.signal,
            });
            await response.arrayBuffer();
            if (response.status === 201) acknowledged.add(id);
          } catch {
            // The stack was killed under the request: what became of the row is unknown, so it is not counted.
            return;
          }
        }
      });
      await new Promise(resolve => setTimeout(resolve, 100 + Math.random() * 400));
      const exited = once(stack.child, 'exit');
      for (const pid of processTree(stack.child.pid!)) kill(pid);
      await exited;
      abort.abort();
      await Promise.all(clients);
      stack = await startCli(folder, portBase);
      recoveriesMs.push(stack.upMs);
      const lost = await countLost(folder, acknowledged);
      onRound?.(round, { acknowledged: acknowledged.size, lost, recoveryMs: stack.upMs });
      if (lost > 0) return { rounds: round, acknowledged: acknowledged.size, lost, recoveriesMs };
    }
    if (acknowledged.size === 0) throw new Error('Not one row was acknowledged: the rounds prove nothing.');
    return { rounds, acknowledged: acknowledged.size, lost: 0, recoveriesMs };
  } finally {
    await stopCli(stack);
  }
}

/** A new table is served once the catalog has been reloaded. */
async function untilServed(summary: StackSummary, folder: string): Promise<void> {
  const token = (await runCli(folder, ['secrets', 'jwt', '--role', 'app_user'])).trim();
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${gatewayOf(summary)}/rest/v1/crash_test?limit=1`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await response.text();
    if (response.ok) return;
    if (attempt === 100) throw new Error(`The table is not served: ${response.status} ${text}`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

async function countLost(folder: string, acknowledged: ReadonlySet<number>): Promise<number> {
  const text = await runCli(folder, ['sql', '--csv', 'select json_agg(id) from public.crash_test']);
  const stored = new Set(JSON.parse(text.split('\n')[1]!.replace(/^"|"$/g, '') || '[]') as number[]);
  return [...acknowledged].filter(id => !stored.has(id)).length;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // Ended between the listing and now.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
