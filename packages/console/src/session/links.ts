/**
 * Sign-in links for once: whoever can write into the stack's own folder is its operator already, so that `peakstone up` and
 * `peakstone console` leave the hash of a token there, and the console takes it away when it is used.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { createFile } from '@peakstone/kernel/durable';
import { privateFolder } from '@peakstone/kernel/private';
import { hashToken, makeToken } from './token.ts';

/** How long a link may be used. */
const LIFETIME_MS = 15 * 60_000;

/** Leaves a link's hash, and removes those that are too old. @returns the token, which is nowhere else */
export function makeLink(folder: string): string {
  const links = privateFolder(path.join(folder, 'links'));
  for (const name of readdirSync(links))
    if (!isFresh(path.join(links, name))) rmSync(path.join(links, name), { force: true });
  const token = makeToken();
  createFile(path.join(links, hashToken(token)), '', 0o600);
  return token;
}

/** True once for each link. */
export function takeLink(folder: string, token: string): boolean {
  // A hash has no separator in it.
  const file = path.join(folder, 'links', hashToken(token));
  if (!existsSync(file)) return false;
  const fresh = isFresh(file);
  rmSync(file);
  return fresh;
}

function isFresh(file: string): boolean {
  const age = Date.now() - statSync(file).mtimeMs;
  return age < LIFETIME_MS && age > -LIFETIME_MS;
}
