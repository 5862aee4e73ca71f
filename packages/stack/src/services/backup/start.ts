/** Starts the service in the way that the settings say. */
import { type BackupEvent, readBackupConfig, startBackups, startLogicalBackups } from '@peakstone/backup';
import type { Running } from '@peakstone/kernel/service';
import type { EnvValues } from '../../project/envFile.ts';
import { describeBackupEvent } from './describe.ts';
import { dumpSql, testTextOn } from './logical.ts';
import type { BackupMethod } from './method.ts';
import { testMachine } from './restoredServer.ts';
import { stackWriter } from './stackWriter.ts';

/** @param write takes a line for the log @throws {ConfigError} naming the variable */
export function startBackupService(
  env: EnvValues,
  method: BackupMethod,
  url: string,
  write: (line: string) => void,
): Running {
  const config = readBackupConfig(env, '/');
  const onEvent = (event: BackupEvent): void => {
    const text = describeBackupEvent(event);
    if (text !== undefined) write(text);
  };
  const writer = stackWriter(env, config.place);
  return method === 'physical'
    ? startBackups(config, { url, onEvent, writer, machine: testMachine(env) })
    : startLogicalBackups(config, { url, onEvent, writer, dump: dumpSql, testText: testTextOn(env) });
}
