import { suggest } from '@peakstone/kernel/config';
import { createPrivilegedPool, type Pool, quoteIdentifier } from '@peakstone/kernel/pg';
import { type Check, fail, ok } from '../../project/check.ts';
import type { Examined } from '../local.ts';
import { administratorUrl } from '../postgres/address.ts';

/** Whom requests without a token are for the database. */
export async function examineVisitors({ env, ports }: Examined): Promise<Check[]> {
  const url = administratorUrl(env, ports);
  const pool = createPrivilegedPool({ url, name: 'peakstone doctor', acquireTimeoutMs: 3000 });
  try {
    return await examineVisitor(pool, env.PGRST_DB_ANON_ROLE || 'web_anon');
  } finally {
    await pool.close(0);
  }
}

/** The reference starts with a role for visitors that is none, and fails each of their requests. */
async function examineVisitor(pool: Pool, role: string): Promise<Check[]> {
  const { rows } = await pool.query(
    `select rolname, rolname = $1 and pg_has_role('db_authenticator', oid, 'set') from pg_roles where rolname !~ '^pg_'`,
    [role],
  );
  const names = rows.map(([name]) => String(name));
  if (rows.some(([, isTaken]) => String(isTaken) === 't'))
    return [ok('Visitors', `requests without a token take the role ${role}`)];
  const near = suggest(role, names);
  return [
    names.includes(role)
      ? fail(
          'Visitors',
          `PGRST_DB_ANON_ROLE is ${role}, which db_authenticator may not take, so that each request without a token fails`,
          `grant ${quoteIdentifier(role)} to db_authenticator;`,
        )
      : fail(
          'Visitors',
          `PGRST_DB_ANON_ROLE is ${role}, and there is no such role: each request without a token fails`,
          near === undefined ? 'Name a role of the database, such as web_anon.' : `Did you mean ${near}?`,
        ),
  ];
}
