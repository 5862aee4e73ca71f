import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { writeFileDurably } from '@peakstone/kernel/durable';
import { assertOwnFile, UnsafePlaceError } from '@peakstone/kernel/private';
import { DatabaseError, explainSystemError, systemCode } from '../errors.ts';

/** Only the owner reads it. */
const MODE = 0o600;
/** Permission bits that let others read or write. */
const OTHERS = 0o077;

/** The text of a secrets file, or undefined when there is none. What others could read is closed to them, and said. */
export function readPrivate(file: string, notice: (text: string) => void): string | undefined {
  try {
    const stats = statSync(file);
    assertOwnFile(file);
    const { mode } = stats;
    if (!stats.isFile())
      throw notAFile(`${file} is not a file.`, 'Move it away: the secrets are kept in a file of that name.');
    if ((mode & OTHERS) !== 0) {
      chmodSync(file, MODE);
      notice(
        `${file} could be read by others (mode ${(mode & 0o777).toString(8)}); it is now yours alone (600).`,
      );
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UnsafePlaceError)
      throw new DatabaseError('PERMISSION_DENIED', error.message, error.hint, error);
    if (systemCode(error) !== 'ENOENT') throw explainSystemError(error, file);
    // Neither to be read nor to be made anew.
    if (isLink(file))
      throw notAFile(
        `${file} is a link to ${readlinkSync(file)}, which is not there.`,
        'Make that file, or remove the link.',
      );
    return undefined;
  }
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function notAFile(message: string, hint: string): DatabaseError {
  return new DatabaseError('NOT_A_FILE', message, hint);
}

/** Creates the file with this text; false when another process was faster. Never leaves half a file. */
export function createPrivate(file: string, text: string): boolean {
  const beside = `${file}.${randomBytes(8).toString('hex')}.new`;
  try {
    writeFileDurably(beside, text, MODE);
    linkSync(beside, file);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw explainSystemError(error, file);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** Replaces the file's text at once and durably; a link keeps pointing to it. */
export function replacePrivate(file: string, text: string): void {
  try {
    writeFileDurably(followLink(file), text, MODE);
  } catch (error) {
    throw explainSystemError(error, file);
  }
}

/** The file itself where `file` is a link to one. */
export function followLink(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return file;
    throw error;
  }
}
