/** What a restored folder says of its recovery: settings, the signal file, the backup's label. */
import { chown, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Owner } from './extract.ts';

const begin = '# Written by peakstone backup restore';
const end = '# End of peakstone backup restore';
/** Settings of an earlier recovery or of a standby, which would take this one elsewhere. */
const ofRecovery =
  /^\s*(?:recovery_\w+|restore_command|archive_cleanup_command|primary_conninfo|primary_slot_name|promote_trigger_file|hot_standby)\b/i;

/** ALTER SYSTEM's file, which overrides every other. */
const autoConf = 'postgresql.auto.conf';

/** Makes the server recover when it starts next. */
export async function writeRecovery(
  folder: string,
  settings: Readonly<Record<string, string>>,
  owner: Owner | undefined,
): Promise<void> {
  const kept = withoutOurs(await readText(path.join(folder, autoConf)))
    .split('\n')
    .filter(line => !ofRecovery.test(line))
    .join('\n');
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const block = [begin, ...lines, end, ''].join('\n');
  await write(path.join(folder, autoConf), `${kept.replace(/\n*$/, '\n')}${block}`, owner);
  await write(path.join(folder, 'recovery.signal'), '', owner);
  await rm(path.join(folder, 'standby.signal'), { force: true });
}

/** Takes the settings of a recovery that is done out again. */
export async function removeRecovery(folder: string, owner: Owner | undefined): Promise<void> {
  await write(path.join(folder, autoConf), withoutOurs(await readText(path.join(folder, autoConf))), owner);
}

/** The label of an incremental backup says what it stands on, which a server refuses once it is laid over that. */
export async function writeWholeLabel(folder: string, owner: Owner | undefined): Promise<void> {
  const file = path.join(folder, 'backup_label');
  const text = (await readFile(file, 'utf8')).replaceAll(/^INCREMENTAL FROM .*\n/gm, '');
  await write(file, text, owner);
}

function withoutOurs(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  return from < 0 || to < from ? text : text.slice(0, from) + text.slice(to + end.length).replace(/^\n/, '');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

async function write(file: string, text: string, owner: Owner | undefined): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flush: true });
  if (owner) await chown(file, owner.uid, owner.gid);
}
