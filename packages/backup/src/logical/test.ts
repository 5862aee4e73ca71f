/** Tries a backup: loads its text into a throw-away server. */
import { isWriter, type Writer } from '../catalog/claims.ts';
import { idsOf } from '../catalog/entries.ts';
import { keepTest, type TestResult } from '../catalog/tests.ts';
import { BackupError } from '../errors.ts';
import type { OnBackupEvent } from '../events.ts';
import type { Tested } from '../testRestore.ts';
import type { Vault } from '../vault.ts';
import { type LogicalBackup, listLogicalBackups } from './backups.ts';
import { readText } from './read.ts';

/** Loads SQL into a server that is thrown away. @throws what it cannot load by; the signal's reason */
export type TestText = (
  text: AsyncIterable<Buffer>,
  signal: AbortSignal,
) => Promise<{
  readonly tables: number;
  readonly rows: number;
  readonly indexes: number;
  /** What only an administrator may make, and was not tried: no fault of the backup. */
  readonly administratorOnly?: readonly string[];
  /** Statements that stand on it. */
  readonly standing?: number;
}>;

/** Of what was not tried, in the result. */
const told = 5;

export interface LogicalTestOptions {
  readonly testText: TestText;
  /** Who tests: among what another stack writes, nothing is kept. */
  readonly writer: Writer;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
}

/** Also kept in the store, whatever came of it, by whose backups they are. @throws {BackupError} STORE, KEY; the signal's reason */
export async function testLogicalBackup(
  vault: Vault,
  backup: LogicalBackup,
  { testText, writer, onEvent, signal }: LogicalTestOptions,
): Promise<Tested> {
  const began = performance.now();
  let found: Awaited<ReturnType<TestText>> = { tables: 0, rows: 0, indexes: 0 };
  let failure: string | undefined;
  try {
    onEvent({ kind: 'restoring', id: backup.id, bytes: backup.bytes });
    found = await testText(readText(vault, backup), signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BackupError && (error.code === 'STORE' || error.code === 'KEY')) throw error;
    failure = (error as Error).message;
  }
  const { tables, rows, indexes } = found;
  const result: TestResult = {
    at: new Date().toISOString(),
    ok: failure === undefined,
    // What the stack keeps for itself is not loaded.
    text:
      failure ??
      `loaded: ${tables} tables with ${rows} of ${backup.rows} rows, ${indexes} indexes${describeUntried(found)}`,
    ...{ backup: backup.id, tables, rows, indexes },
    lastTransactionAt: null,
    durationMs: Math.round(performance.now() - began),
  };
  const kept = await isWriter(vault, writer);
  if (kept) {
    const { backups } = await listLogicalBackups(vault);
    await keepTest(vault, 'logical', result, idsOf(backups));
  }
  onEvent({ kind: 'tested', id: backup.id, ok: result.ok, text: result.text });
  return { ...result, kept };
}

function describeUntried({
  administratorOnly: what = [],
  standing = 0,
}: Awaited<ReturnType<TestText>>): string {
  if (what.length === 0) return '';
  const more = what.length > told ? ` and ${what.length - told} more` : '';
  const others = standing === 0 ? '' : `, with ${standing} statements that stand on them`;
  return `; only an administrator may make ${what.slice(0, told).join(', ')}${more}: not tried${others}`;
}
