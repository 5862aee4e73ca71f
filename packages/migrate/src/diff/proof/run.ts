/** Statements on a scratch database, as the runner of migrations runs them. */
import { type Client, connectClient, PgError } from '@peakstone/kernel/pg';
import type { FilePlan } from '../files.ts';
import type { Step } from '../step.ts';

/** What PostgreSQL said to a statement. */
export interface StepFailure {
  readonly sql: string;
  readonly error: PgError;
}

/** Files in order, each as its own transaction or none. Null when all went well. */
export async function runFiles(url: string, files: readonly FilePlan[]): Promise<StepFailure | null> {
  return await withClient(url, async client => {
    for (const { inTransaction, statements } of files) {
      if (inTransaction) await client.script('begin');
      for (const sql of statements) {
        const error = await attempt(client, sql);
        if (error) return { sql, error };
      }
      if (!inTransaction) continue;
      const error = await attempt(client, 'commit');
      if (error) return { sql: 'COMMIT', error };
    }
    return null;
  });
}

/**
 * Steps in an order in which they work: one that fails is tried again after others, as long as any gets further.
 * @returns that order, or what fails however it is put
 */
export async function settleOrder(
  url: string,
  steps: readonly Step[],
): Promise<readonly Step[] | StepFailure> {
  return await withClient(url, async client => {
    await client.script('set check_function_bodies = off');
    const done: Step[] = [];
    let left = [...steps];
    while (left.length > 0) {
      const failed: Step[] = [];
      let failure: StepFailure | null = null;
      for (const each of left) {
        const error = await attempt(client, each.sql);
        if (error) {
          failed.push(each);
          failure ??= { sql: each.sql, error };
        } else done.push(each);
      }
      if (failure !== null && failed.length === left.length) return failure;
      left = failed;
    }
    return done;
  });
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectClient({ url, parameters: { application_name: 'peakstone proof' } });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function attempt(client: Client, sql: string): Promise<PgError | null> {
  try {
    await client.script(sql);
    return null;
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
}
