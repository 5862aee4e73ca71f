import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Conninfo } from './conninfo.ts';
import { homeFolder } from './home.ts';
import type { Address } from './socket.ts';

/**
 * The password of a `.pgpass` file, or null. A file that others may read is ignored, as libpq does.
 * @see https://www.postgresql.org/docs/17/libpq-pgpass.html
 */
export async function findPassword(info: Conninfo, address: Address): Promise<string | null> {
  const home = homeFolder();
  const path = info.passfile ?? (home === null ? null : join(home, '.pgpass'));
  if (path === null) return null;
  let text: string;
  try {
    if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) return null;
    text = await readFile(path, 'utf8');
  } catch (error) {
    // No file, no password: the server says what it thinks of that.
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  const host = address.host.startsWith('/') ? 'localhost' : address.host;
  const wanted = [host, String(address.port), info.database, info.user];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const parts = splitEntry(line);
    if (parts.length >= 5 && wanted.every((value, i) => parts[i] === '*' || parts[i] === value)) {
      return parts.slice(4).join(':').trimEnd();
    }
  }
  return null;
}

/** Cuts at colons; a backslash takes the meaning from the character behind it. */
function splitEntry(line: string): string[] {
  const parts = [''];
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (character === ':') parts.push('');
    else if (character === '\\' && i + 1 < line.length) parts[parts.length - 1] += line[++i]!;
    else parts[parts.length - 1] += character;
  }
  return parts;
}
