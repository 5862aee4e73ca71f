import type { Option, OptionValues } from '../../grammar/command.ts';

export const clusterOption = {
  cluster: {
    kind: 'text',
    value: 'ID',
    summary: 'Of several databases in one place, the one with this system identifier (default: this stack’s)',
  },
} as const satisfies Record<string, Option>;

export const targetOptions = {
  to: { kind: 'text', value: 'TIME', summary: 'To a moment, with its zone: 2026-11-27T21:05:00Z' },
  lsn: { kind: 'text', value: 'LSN', summary: 'To a WAL position: 0/3000060' },
  xid: { kind: 'text', value: 'XID', summary: 'To a transaction: 745' },
  name: { kind: 'text', value: 'NAME', summary: 'To a point that pg_create_restore_point named' },
  exclusive: { kind: 'flag', summary: 'Stop right before the time, LSN or transaction' },
  backup: { kind: 'text', value: 'ID', summary: 'From this backup (default: the newest that leads there)' },
} as const satisfies Record<string, Option>;

export function textOf(options: OptionValues, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function targetOf(options: OptionValues) {
  return {
    time: textOf(options, 'to'),
    lsn: textOf(options, 'lsn'),
    xid: textOf(options, 'xid'),
    name: textOf(options, 'name'),
    exclusive: options.exclusive === true,
  };
}
