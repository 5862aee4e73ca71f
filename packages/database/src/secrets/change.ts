import { updateEnvFile } from '@peakstone/kernel/config';
import { readPrivate, replacePrivate } from './file.ts';

/**
 * Sets variables in `.env`, and takes out those that are undefined; everything else stays as it was. At once and durably.
 * @throws {DatabaseError} PERMISSION_DENIED, DISK_FULL
 */
export function changeSettings(
  file: string,
  changes: Readonly<Record<string, string | undefined>>,
  notice: (text: string) => void,
): void {
  replacePrivate(file, updateEnvFile(readPrivate(file, notice) ?? '', changes));
}
