/** Pieces of SQL that several steps of the bootstrap are written with. They run on `pg_catalog` alone. */
import { quoteLiteral as literal } from '@peakstone/kernel/pg';

/**
 * SQLSTATE of the warning by which a statement says what it could not do, where the rest goes on: the reason is its
 * message, the step its detail.
 */
export const NOT_DONE = 'PSNOT';

/** A PL/pgSQL block as a statement. */
export function block(body: string, declarations = ''): string {
  return `do ${literal(`${declarations === '' ? '' : `declare ${declarations} `}begin\n${body}\nend`)}`;
}

/** Statements that are undone alone, and reported, when they fail. `body` is PL/pgSQL. */
export function attempt(step: string, body: string, declarations = ''): string {
  return block(
    `${body}\nexception when others then\n  raise warning using errcode = '${NOT_DONE}', message = sqlerrm, detail = ${literal(step)};`,
    declarations,
  );
}

/**
 * Whether an object's owner is no lesser role: the one that bootstraps, or a superuser. What belongs to anybody else may
 * have been put there to be run by us.
 */
export function isTrusted(owner: string): string {
  return `(${owner} in (select oid from pg_roles where rolname = current_user or rolsuper))`;
}

/** A list of literals, for `in (…)` and `array[…]`. */
export function literals(texts: readonly string[]): string {
  return texts.map(text => literal(text)).join(', ');
}

/** Of what SQL of the application refers to: it puts policies and triggers on it. */
export const OWNER = '"db_migrator"';

/**
 * Makes a table where there is none. db_migrator owns it, so that migrations can put triggers and policies on it. One that
 * is there, as after an import, stays as it is.
 */
export function table(name: string, columns: readonly string[], ...further: readonly string[]): string {
  return attempt(
    `table ${name}`,
    `
  if to_regclass(${literal(name)}) is null then
    create table ${name} (\n    ${columns.join(',\n    ')}\n    );
    ${further.map(statement => `${statement};`).join('\n    ')}
    alter table ${name} enable row level security;
    alter table ${name} owner to ${OWNER};
  end if;`,
  );
}
