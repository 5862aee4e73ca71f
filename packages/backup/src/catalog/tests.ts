/** What tests of backups found: the last one, and which backup is known to be good. */
import type { Vault } from '../vault.ts';
import { ignoreUnreadable, isUnreadable } from './unreadable.ts';

/** What a test found. */
export interface TestResult {
  /** ISO 8601. */
  readonly at: string;
  readonly ok: boolean;
  readonly backup: string | null;
  /** In a sentence. */
  readonly text: string;
  readonly tables: number;
  readonly rows: number;
  readonly indexes: number;
  readonly lastTransactionAt: string | null;
  readonly durationMs: number;
}

/** Of files and WAL, or as SQL. */
export type TestKind = 'test' | 'logical';

const unknownTest: TestResult = {
  ...{ at: new Date(0).toISOString(), ok: false, backup: null, text: '', tables: 0, rows: 0, indexes: 0 },
  ...{ lastTransactionAt: null, durationMs: 0 },
};

/** Where no restore could be planned there is no backup that it was of. Pure. */
export function describeFailedTest({ at, backup, text }: Pick<TestResult, 'at' | 'backup' | 'text'>): string {
  return backup === null
    ? `the test of ${at} found no backup that can be restored: ${text}`
    : `backup ${backup} failed its test of ${at}: ${text}`;
}

/** What the last test found; undefined before the first. */
export async function readLastTest(vault: Vault, kind: TestKind = 'test'): Promise<TestResult | undefined> {
  try {
    const bytes = await vault.read(nameOf(kind));
    return bytes && (JSON.parse(bytes.toString()) as TestResult);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    // As long ago as can be: the next one is due.
    return { ...unknownTest, text: `${error.message} Test one again: peakstone backup test` };
  }
}

/** The newest backup that has passed a test; null where none has. @throws {BackupError} CORRUPT, KEY where nobody can say which */
export async function readProven(vault: Vault, kind: TestKind): Promise<string | null> {
  return (await vault.read(provenName(kind)))?.toString() ?? null;
}

/** @param order ids of all backups of that kind, as they were made: clocks, and so names, do not say which is newer */
export async function keepTest(
  vault: Vault,
  kind: TestKind,
  result: TestResult,
  order: readonly string[],
): Promise<void> {
  await vault.write(nameOf(kind), Buffer.from(JSON.stringify(result)));
  const { ok, backup } = result;
  if (!ok || backup === null) return;
  // One that cannot be read is nobody's.
  const before = await readProven(vault, kind).catch(ignoreUnreadable());
  if (!before || order.indexOf(before.toString()) < order.indexOf(backup))
    await vault.write(provenName(kind), Buffer.from(backup));
}

function nameOf(kind: TestKind): string {
  return `checks/${kind}`;
}

function provenName(kind: TestKind): string {
  return `checks/proven-${kind}`;
}
