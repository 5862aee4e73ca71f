import { error, type ValueCheck, warning } from '../../checks/check.ts';
import { hostOf } from '../../container/endpoints.ts';
import type { Stack } from '../../definition.ts';

/**
 * A URL that repeats a password goes stale when the password is rotated; its database is the pool's name; and the original
 * stack's host names may be another app's on the proxy's network.
 * @param login the role that the URL should have, and the variable that holds its password
 */
export function isConnectionUrl(login: { readonly role: string; readonly password: string }): ValueCheck {
  return (value, { name, values, stack }) => {
    const fix = `leave ${name} out: it is made from ${login.password}`;
    const url = readUrl(value);
    if (!url) return error('it is no URL: postgres://ROLE:PASSWORD@HOST:PORT/DATABASE', fix);
    const password = values[login.password];
    if (url.username === login.role && url.password !== '' && password && decode(url.password) !== password)
      return error(`its password is not ${login.password}`, fix);
    const database = decode(url.pathname.slice(1));
    const expected = values.POSTGRES_DB || 'postgres';
    if (databases(stack).some(({ hosts }) => hosts.includes(url.hostname)) && database !== expected)
      return error(
        `its database is ${database || 'missing'}, but POSTGRES_DB, which names the pool, is ${expected}`,
        fix,
      );
    if (url.username === (values.POSTGRES_SUPERUSER || 'postgres'))
      return warning('it connects as the superuser', `use the role ${login.role}`);
    const named = databases(stack).find(({ original }) => original.includes(url.hostname));
    return named === undefined
      ? undefined
      : warning(
          `${url.hostname} may be another app’s on the proxy’s network`,
          `${fix}; or name ${named.host}`,
        );
  };
}

/** What speaks PostgreSQL inside the stack, and the names under which it is reached there. */
function databases(stack: Stack) {
  return stack.services
    .filter(({ definition }) => definition.scheme === 'postgres')
    .map(({ definition: { name, aliases } }) => {
      const host = hostOf(stack, name);
      return { host, original: aliases, hosts: [host, name, ...aliases] };
    });
}

function readUrl(text: string): URL | undefined {
  return URL.canParse(text) && /^postgres(?:ql)?:$/.test(new URL(text).protocol) ? new URL(text) : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
