import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { type Check, ok, warn } from '../../project/check.ts';
import type { Examined } from '../local.ts';
import { administratorUrl } from './address.ts';

/** What the original stack uses, and what it is for. */
const extensions: readonly (readonly [name: string, use: string])[] = [
  ['pg_cron', 'scheduled jobs'],
  ['pgaudit', 'audit log of objects'],
  ['hypopg', 'hypothetical indexes'],
  ['pg_repack', 'repacking without locks'],
  ['vector', 'embeddings'],
];

/** Which extensions the running server has. */
export async function examineDatabase({ env, ports }: Examined): Promise<Check[]> {
  const url = administratorUrl(env, ports);
  const pool = createPrivilegedPool({ url, name: 'peakstone doctor', acquireTimeoutMs: 3000 });
  try {
    const { rows } = await pool.query('select name, default_version from pg_available_extensions');
    const versions = new Map(rows.map(row => [row[0]!.toString(), row[1]?.toString() ?? '']));
    const there = extensions.filter(([name]) => versions.has(name));
    const absent = extensions.filter(([name]) => !versions.has(name));
    return [
      ...there.map(([name]) => ok('Extension', `${name} ${versions.get(name)}`)),
      ...(absent.length === 0
        ? []
        : [
            warn(
              'Extension',
              `not installed: ${absent.map(([name, use]) => `${name} (${use})`).join(', ')}`,
              'If you need one, use a system PostgreSQL 17 that has it (on Debian postgresql-17-cron and others), or our image.',
            ),
          ]),
    ];
  } finally {
    await pool.close(0);
  }
}
