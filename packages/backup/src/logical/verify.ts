import { BackupError } from '../errors.ts';
import type { Vault } from '../vault.ts';
import type { Verification, VerifiedBackup, VerifyOptions } from '../verify.ts';
import { listLogicalBackups, textOf } from './backups.ts';
import { readText } from './read.ts';

/** Looks whether each backup is there whole and, when `deep`, reads it. @throws {BackupError} STORE; MISSING for an id that is not there */
export async function verifyLogicalBackups(
  vault: Vault,
  { ids, deep, onEvent, signal }: VerifyOptions,
): Promise<Verification> {
  const { backups, damaged } = await listLogicalBackups(vault);
  const isChosen = (id: string): boolean => ids === undefined || ids.includes(id);
  const known = [...backups, ...damaged].map(({ id }) => id);
  const unknown = ids?.find(id => !known.includes(id));
  if (unknown !== undefined)
    throw new BackupError(
      'MISSING',
      `There is no backup ${unknown} in ${vault.place}.`,
      'See them: peakstone backup list',
    );
  const present = new Set((await vault.list('logical/text/')).map(({ name }) => name));
  const found: VerifiedBackup[] = [];
  for (const backup of backups.filter(({ id }) => isChosen(id))) {
    signal.throwIfAborted();
    const { parts, nameOf } = textOf(backup);
    const names = Array.from({ length: parts }, (_, part) => nameOf(part));
    const problems = names
      .filter(name => !present.has(name))
      .map(name => `${name} is not in ${vault.place}.`);
    try {
      let bytes = 0;
      if (deep && problems.length === 0)
        for await (const piece of readText(vault, backup)) {
          signal.throwIfAborted();
          bytes += piece.length;
        }
      if (deep) onEvent({ kind: 'verified', what: backup.id, bytes });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BackupError) || error.code === 'STORE') throw error;
      problems.push(error.message);
    }
    found.push({ id: backup.id, problems });
  }
  const broken = damaged
    .filter(({ id }) => isChosen(id))
    .map(({ id, reason }) => ({ id, problems: [reason] }));
  return { backups: [...found, ...broken], walProblems: [], segments: 0 };
}
