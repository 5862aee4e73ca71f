import { hostOf } from '../../container/endpoints.ts';
import type { Stack } from '../../definition.ts';
import type { Finding, Values } from '../service.ts';

/** Names under which the database and its pooler are reached inside the stack. */
function databaseHosts(stack: Stack): string[] {
  return [hostOf(stack, 'postgres'), hostOf(stack, 'pooler'), 'postgres', 'pgcat', 'pooler'];
}

/**
 * A check of variables that hold connection URLs: one that repeats a password goes stale when the password is rotated; and
 * its database is the pool's name. Pure.
 * @param login the role that the URLs should have, and the variable that holds its password
 */
export function checkConnectionUrls(
  names: readonly string[],
  login: { readonly role: string; readonly password: string },
): (stack: Stack, values: Values) => Finding[] {
  return (stack, values) => {
    const findings: Finding[] = [];
    for (const name of names) {
      const value = values[name]?.trim();
      if (!value) continue;
      const fix = `leave ${name} out: it is made from ${login.password}`;
      let url: URL;
      try {
        url = new URL(value);
      } catch {
        findings.push({
          level: 'error',
          name,
          message: 'it is no URL: postgres://ROLE:PASSWORD@HOST:PORT/DATABASE',
          hint: fix,
        });
        continue;
      }
      const password = values[login.password];
      if (url.username === login.role && password && decode(url.password) !== password) {
        findings.push({ level: 'error', name, message: `its password is not ${login.password}`, hint: fix });
      }
      if (url.username === (values.POSTGRES_SUPERUSER || 'postgres')) {
        findings.push({
          level: 'warning',
          name,
          message: 'it connects as the superuser',
          hint: `use the role ${login.role}`,
        });
      }
      const database = decode(url.pathname.slice(1));
      const expected = values.POSTGRES_DB || 'postgres';
      const own = databaseHosts(stack).includes(url.hostname);
      if (own && database !== expected) {
        findings.push({
          level: 'error',
          name,
          message: `its database is ${database || 'missing'}, but POSTGRES_DB, which names the pool, is ${expected}`,
          hint: fix,
        });
      }
    }
    return findings;
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
