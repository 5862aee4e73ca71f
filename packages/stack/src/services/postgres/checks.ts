import type { Stack } from '../../definition.ts';
import type { Finding, Values } from '../service.ts';

/** A database port is for this machine only. */
export function checkDatabase(_stack: Stack, values: Values): Finding[] {
  const value = values.POSTGRES_PORT?.trim();
  if (!value || /^(?:127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(value)) return [];
  const hint = 'use 127.0.0.1:5432, and reach it by an SSH tunnel or a VPN';
  if (
    /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)[\d.]+:\d+$/.test(
      value,
    )
  ) {
    return [
      {
        level: 'warning',
        name: 'POSTGRES_PORT',
        message: 'it opens the database to a private network',
        hint,
      },
    ];
  }
  return [{ level: 'error', name: 'POSTGRES_PORT', message: 'it opens the database to every network', hint }];
}
