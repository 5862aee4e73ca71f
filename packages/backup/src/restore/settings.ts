/** What a restored folder says of its recovery: settings, the signal file, the backup's label. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const begin = '# Written by peakstone backup restore';
const end = '# End of peakstone backup restore';
/** Settings of an earlier recovery or of a standby, which would take this one elsewhere. */
const ofRecovery =
  /^\s*(?:recovery_\w+|restore_command|archive_cleanup_command|primary_conninfo|primary_slot_name|promote_trigger_file|hot_standby)\b/i;

/** ALTER SYSTEM's file, which overrides every other. */
const autoConf = 'postgresql.auto.conf';

/** What a recovered server runs at the end, in its data folder: takes the settings of the recovery out. */
export const forgetRecovery = `sed '/^${lineOf(begin)}$/,/^${lineOf(end)}$/d' ${autoConf} > ${autoConf}.new && mv ${autoConf}.new ${autoConf}`;

/** Files by their names. */
export type Files = Readonly<Record<string, string>>;

/** ALTER SYSTEM's settings of a folder that nobody else gets into yet. */
export async function readSettings(folder: string): Promise<string> {
  try {
    return withoutOurs(await readFile(path.join(folder, autoConf), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** What makes the server recover when it starts next. Pure. @param kept as `readSettings` says */
export function recoveryFiles(kept: string, settings: Files): Files {
  const others = kept
    .split('\n')
    .filter(line => !ofRecovery.test(line))
    .join('\n');
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const block = [begin, ...lines, end, ''].join('\n');
  return { [autoConf]: `${others.replace(/\n*$/, '\n')}${block}`, 'recovery.signal': '' };
}

/** What takes the settings of a recovery that is done out again. Pure. */
export function recoveredFiles(kept: string): Files {
  return { [autoConf]: kept };
}

/** Makes the server recover when it starts next, in a folder that nobody else gets into yet. */
export async function writeRecovery(folder: string, kept: string, settings: Files): Promise<void> {
  await writeFiles(folder, recoveryFiles(kept, settings));
  await rm(path.join(folder, 'standby.signal'), { force: true });
}

/** The label of an incremental backup says what it stands on, which a server refuses once it is laid over that. */
export async function writeWholeLabel(folder: string): Promise<void> {
  const text = await readFile(path.join(folder, 'backup_label'), 'utf8');
  await writeFiles(folder, { backup_label: text.replaceAll(/^INCREMENTAL FROM .*\n/gm, '') });
}

/** Of this process's own user. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, text] of Object.entries(files))
    await writeFile(path.join(folder, name), text, { mode: 0o600, flush: true });
}

function withoutOurs(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  return from < 0 || to < from ? text : text.slice(0, from) + text.slice(to + end.length).replace(/^\n/, '');
}

/** A pattern that does not hold itself: the command stands between the two lines that it names. */
function lineOf(text: string): string {
  return text.replace('restore', '[r]estore');
}
