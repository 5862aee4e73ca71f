import type { Stack } from '../../definition.ts';
import type { Finding, Values } from '../service.ts';

/** A pool's name becomes a TOML key and what clients connect to. */
export function checkPoolName(_stack: Stack, values: Values): Finding[] {
  const name = values.POSTGRES_DB?.trim();
  if (!name) return [];
  if (['pgcat', 'pgbouncer'].includes(name)) {
    return [
      {
        level: 'error',
        name: 'POSTGRES_DB',
        message: `${name} is the pooler’s own admin database`,
        hint: 'name the database otherwise',
      },
    ];
  }
  return /["\\]/.test(name)
    ? [
        {
          level: 'error',
          name: 'POSTGRES_DB',
          message: 'it holds a quote or a backslash, which no pool’s name can',
          hint: 'use letters, digits and underscores',
        },
      ]
    : [];
}
