import { createPrivilegedPool, parseConninfo, quoteIdentifier } from '@peakstone/kernel/pg';

/**
 * Roles are the cluster's, and no migration's: those that a scratch server lacks are made there, without any right.
 * @returns which those were
 */
export async function makeRoles(url: string, names: readonly string[]): Promise<readonly string[]> {
  const pool = createPrivilegedPool({ url, name: 'peakstone proof' });
  try {
    const { rows } = await pool.query('select rolname from pg_roles');
    const there = new Set(rows.map(row => row[0]?.toString()));
    const missing = names.filter(name => !there.has(name));
    for (const name of missing) await pool.script(`create role ${quoteIdentifier(name)}`);
    return missing;
  } finally {
    await pool.close();
  }
}

/**
 * Lets whoever migrates fill and count tables on a scratch server: what checks, casts and defaults call is theirs, and never runs
 * as the superuser, who could start programs.
 * @param url theirs
 * @param owners roles that they may make the owners of what is theirs
 */
export async function allowProof(adminUrl: string, url: string, owners: readonly string[]): Promise<void> {
  const { user } = parseConninfo(url);
  if (user === parseConninfo(adminUrl).user) return;
  const pool = createPrivilegedPool({ url: adminUrl, name: 'peakstone proof' });
  try {
    const role = quoteIdentifier(user);
    await pool.script(
      `alter role ${role} bypassrls; grant pg_read_all_data, pg_write_all_data to ${role}; grant set on parameter session_replication_role to ${role}`,
    );
    for (const owner of owners) await pool.script(`grant ${quoteIdentifier(owner)} to ${role}`);
  } finally {
    await pool.close();
  }
}
