import { chmodSync, linkSync, lstatSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { explainSystemError, systemCode } from '../errors.ts';
import { writeFileDurably } from '../server/run.ts';

/** Only the owner reads it. */
const MODE = 0o600;
/** Permission bits that let others read or write. */
const OTHERS = 0o077;

/** The text of a secrets file, or undefined when there is none. What others could read is closed to them, and said. */
export function readPrivate(file: string, notice: (text: string) => void): string | undefined {
  try {
    const { mode } = lstatSync(realpathSync(file));
    if ((mode & OTHERS) !== 0) {
      chmodSync(file, MODE);
      notice(
        `${file} could be read by others (mode ${(mode & 0o777).toString(8)}); it is now yours alone (600).`,
      );
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw explainSystemError(error, file);
  }
}

/** Creates the file with this text; false when another process was faster. Never leaves half a file. */
export function createPrivate(file: string, text: string): boolean {
  const beside = `${file}.${process.pid}.new`;
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
