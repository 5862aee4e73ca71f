/** Checks of names in the database. */
import { STACK_ROLES } from '@peakstone/kernel/inventory';
import { error, type ValueCheck } from './check.ts';

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

export const isSuperuserName: ValueCheck = value => {
  const hint = 'name it postgres, or as the server’s superuser is called';
  if (STACK_ROLES.some(({ name }) => name === value))
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
