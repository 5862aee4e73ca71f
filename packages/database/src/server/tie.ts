/**
 * What tells that data in a system folder have no project any more. One file has two names, one beside the data and one in the
 * project's `.peakstone`: when only that beside the data is left, `.peakstone` was removed, and not moved with all it holds.
 */
import { existsSync, linkSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from '../errors.ts';

/** In the folder of the data, and, with the name of the link to them before it, in the project's. */
const name = 'tie';

/** Of the folder of the data: the link that leads to them. */
const note = 'linked-from';

/** The link that leads to the data in `home`, as it was last seen; null where nothing says so. */
export function linkTo(home: string): string | null {
  const file = path.join(home, note);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

export function noteLink(home: string, dataDir: string): void {
  writeFileSync(path.join(home, note), `${dataDir}\n`);
}

/** Ties the data in `home` to the link at `dataDir`; a file system that cannot leaves them untied. */
export function tieData(home: string, dataDir: string): void {
  const kept = path.join(home, name);
  const shown = `${dataDir}.${name}`;
  const [inside, outside] = [kept, shown].map(file => lstatSync(file, { throwIfNoEntry: false }));
  if (inside !== undefined && inside.nlink > 1) {
    // Here, though under another path: the project was moved. Elsewhere: this is a copy, and they are not its own.
    if (inside.ino === outside?.ino && inside.dev === outside.dev && linkTo(home) !== dataDir)
      noteLink(home, dataDir);
    return;
  }
  if (linkTo(home) !== dataDir) return;
  for (const file of [kept, shown]) rmSync(file, { force: true });
  writeFileSync(kept, identify(dataDir), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(kept, shown);
  } catch (error) {
    // Without the second name the first says nothing.
    rmSync(kept);
    if (!['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** Whether the project of `dataDir` is the one that the data in `home` were tied to, and nothing else has them by now. */
export function isOrphanOf(home: string, dataDir: string): boolean {
  const kept = path.join(home, name);
  const found = lstatSync(kept, { throwIfNoEntry: false });
  return found?.isFile() === true && found.nlink === 1 && readFileSync(kept, 'utf8') === identify(dataDir);
}

/** Of the project's folder: another one of its name, made where it was moved from, is another. */
function identify(dataDir: string): string {
  const project = lstatSync(path.dirname(path.dirname(dataDir)), { bigint: true });
  return `${project.dev}:${project.ino}:${project.birthtimeNs}\n`;
}
