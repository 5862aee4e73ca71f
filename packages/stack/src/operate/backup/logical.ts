/** Backups as SQL of a stack whose database others run. */
import { existsSync } from 'node:fs';
import {
  BackupError,
  chooseLogical,
  createLogicalBackup,
  type LogicalBackup,
  listLogicalBackups,
  readText,
  type Tested,
  testLogicalBackup,
} from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { superuserUrl } from '../../run/databaseUrl.ts';
import { givenDatabaseUrl } from '../../services/backup/databaseUrl.ts';
import { dumpSql, testTextOn } from '../../services/backup/logical.ts';
import { ensureBackupKey } from './key.ts';
import type { CreateRequest, RestoreRequest } from './request.ts';
import { type StackBackups, stackBackups, stackVault } from './vaults.ts';

/** @throws {StackError} {BackupError} {TransferError}; {ConfigError} naming the variable */
export async function createStackText(
  paths: StackPaths,
  env: EnvValues,
  before: EnvValues,
  { label, onEvent, onKey, signal }: Omit<CreateRequest, 'kind'>,
): Promise<LogicalBackup & { readonly place: string }> {
  const url = givenDatabaseUrl(before) ?? (await superuserUrl(paths, env));
  await ensureBackupKey(paths, before, onKey);
  const { config, store, writer } = await stackBackups(paths, env);
  const backup = await createLogicalBackup({
    ...{ url, store, keys: config.keys, writer: writer(), dump: dumpSql, onEvent, signal },
    ...(label !== undefined && { label }),
  });
  return { ...backup, place: store.place };
}

export type TextRequest = Pick<RestoreRequest, 'target' | 'backup' | 'cluster' | 'onEvent' | 'signal'>;

/**
 * Writes a backup's text into a file that is not there yet; it appears when all of it is.
 * @throws {BackupError} PLACE, TARGET, MISSING, CORRUPT …; nothing is left then
 */
export async function restoreText(
  opened: StackBackups,
  file: string,
  request: TextRequest,
): Promise<LogicalBackup> {
  const { writeWholeFile } = await import('@peakstone/transfer');
  if (existsSync(file))
    throw new BackupError('PLACE', `${file} is there already.`, 'Name a file that is not there yet.');
  const vault = await stackVault(opened, request.cluster);
  const backup = await chosen(vault, request);
  const { onEvent, signal } = request;
  onEvent({ kind: 'restoring', id: backup.id, bytes: backup.bytes });
  await writeWholeFile(file, async write => {
    let bytes = 0;
    for await (const piece of readText(vault, backup)) {
      signal.throwIfAborted();
      await write(piece);
      bytes += piece.length;
      onEvent({ kind: 'extracted', bytes, total: backup.bytes });
    }
  });
  return backup;
}

/** Loads a backup into a throw-away server and counts. @throws {BackupError} */
export async function testStackText(opened: StackBackups, request: TextRequest): Promise<Tested> {
  const vault = await stackVault(opened, request.cluster);
  const { onEvent, signal } = request;
  return await testLogicalBackup(vault, await chosen(vault, request), {
    ...{ onEvent, signal, writer: opened.writer() },
    testText: testTextOn(opened.values),
  });
}

async function chosen(
  vault: Awaited<ReturnType<typeof stackVault>>,
  { target, backup }: TextRequest,
): Promise<LogicalBackup> {
  return chooseLogical(await listLogicalBackups(vault), { target, id: backup }, vault.place);
}
