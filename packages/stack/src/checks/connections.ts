/** Checks of names in the database, and of URLs that lead to it. */
import { hostOf } from '../container/endpoints.ts';
import type { Stack } from '../definition.ts';
import { error, type ValueCheck, warning } from './check.ts';

/** Stands in the pooler's file, in JSON and in URLs as it is. */
export const isDatabaseName: ValueCheck = value => {
  const hint = 'use letters, digits and underscores';
  if (['template0', 'template1'].includes(value)) return error(`${value} is the server’s own`, hint);
  if (['pgcat', 'pgbouncer'].includes(value))
    return error(`${value} is the pooler’s own admin database`, 'name the database otherwise');
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(value)
    ? undefined
    : error(`'${value}' is no name that every service of the stack can use`, hint);
};

const stackRoles =
  /^(?:web_anon|app_user|read_only|db_authenticator|hasura|db_migrator|anon|authenticated|service_role)$/;

export const isSuperuserName: ValueCheck = value => {
  const hint = 'name it postgres, or as the server’s superuser is called';
  if (stackRoles.test(value))
    return error(`${value} is a role of the stack’s, which must not be superuser`, hint);
  if (value.startsWith('pg_')) return error(`${value} begins with pg_, as only the server’s own may`, hint);
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/.test(value)
    ? undefined
    : error(`'${value}' is no name that every service of the stack can use`, hint);
};

/** One that the server knows, too; it does not start with another. */
export const isTimeZone: ValueCheck = value => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return undefined;
  } catch {
    return error(`'${value}' is no time zone`, 'give one such as Europe/Berlin, or UTC');
  }
};

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
    if (databaseHosts(stack).includes(url.hostname) && database !== expected)
      return error(
        `its database is ${database || 'missing'}, but POSTGRES_DB, which names the pool, is ${expected}`,
        fix,
      );
    if (url.username === (values.POSTGRES_SUPERUSER || 'postgres'))
      return warning('it connects as the superuser', `use the role ${login.role}`);
    return oldNames.includes(url.hostname)
      ? warning(
          `${url.hostname} may be another app’s on the proxy’s network`,
          `${fix}; or name ${hostOf(stack, url.hostname === 'postgres' ? 'postgres' : 'pooler')}`,
        )
      : undefined;
  };
}

const oldNames = ['postgres', 'pgcat'];

/** Names under which the database and its pooler are reached inside the stack. */
function databaseHosts(stack: Stack): string[] {
  return [hostOf(stack, 'postgres'), hostOf(stack, 'pooler'), 'pooler', ...oldNames];
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
