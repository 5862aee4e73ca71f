/** Checks of settings that a service reads: by its own reader, and by the units of PostgreSQL. */
import { ConfigError } from '@peakstone/kernel/config';
import type { Stack } from '../definition.ts';
import { error, type ValueCheck, warning } from './check.ts';

/** What the service that reads it would refuse when it starts. @param hint where the reader has none */
export function isReadBy(
  read: (env: Readonly<Record<string, string>>) => unknown,
  hint = 'give it so, or take the line out',
): ValueCheck {
  return (value, { name }) => {
    try {
      read({ [name]: value });
      return undefined;
    } catch (reason) {
      if (!(reason instanceof ConfigError)) throw reason;
      return error(`it must be ${reason.expected}`, reason.hint ?? hint);
    }
  };
}

/** How PostgreSQL reads a value: a number, or one with a unit. */
const shapes = {
  size: { pattern: /^-?\d+(?:\.\d+)?\s*(?:B|kB|MB|GB|TB)?$/, example: '16MB' },
  time: { pattern: /^-?\d+(?:\.\d+)?\s*(?:us|ms|s|min|h|d)?$/, example: '30s' },
  number: { pattern: /^-?\d+(?:\.\d+)?$/, example: '2' },
  switch: { pattern: /^(?:on|off|true|false|yes|no|1|0)$/i, example: 'on' },
} as const;

/** Settings that people give to roles. Others are the server's to judge. */
const settingShapes: Readonly<Record<string, keyof typeof shapes>> = {
  work_mem: 'size',
  maintenance_work_mem: 'size',
  logical_decoding_work_mem: 'size',
  temp_buffers: 'size',
  temp_file_limit: 'size',
  effective_cache_size: 'size',
  statement_timeout: 'time',
  lock_timeout: 'time',
  transaction_timeout: 'time',
  idle_in_transaction_session_timeout: 'time',
  idle_session_timeout: 'time',
  deadlock_timeout: 'time',
  log_min_duration_statement: 'time',
  'auto_explain.log_min_duration': 'time',
  hash_mem_multiplier: 'number',
  random_page_cost: 'number',
  seq_page_cost: 'number',
  effective_io_concurrency: 'number',
  max_parallel_workers_per_gather: 'number',
  max_parallel_maintenance_workers: 'number',
  default_statistics_target: 'number',
  jit: 'switch',
  row_security: 'switch',
  default_transaction_read_only: 'switch',
  default_transaction_deferrable: 'switch',
};

/** Each value of a list of `role.setting=value`, once its reader has taken the list apart. */
export function haveUnits(
  read: (env: Readonly<Record<string, string>>) => Readonly<Record<string, Readonly<Record<string, string>>>>,
): ValueCheck {
  return (value, { name }) => {
    for (const [role, settings] of Object.entries(read({ [name]: value }))) {
      for (const [setting, given] of Object.entries(settings)) {
        const kind = settingShapes[setting];
        if (kind === undefined || shapes[kind].pattern.test(given)) continue;
        return error(
          `'${given}' is no ${kind} for ${role}.${setting}`,
          `write it as PostgreSQL does, such as ${role}.${setting}=${shapes[kind].example}`,
        );
      }
    }
    return undefined;
  };
}

/** Connections that a superuser keeps for itself: the server's own default. */
const KEPT = 3;

/**
 * A pool of connections to the stack's server.
 * @param service whose replicas have one each
 * @param most how many connections the server takes, all together; null where nobody here knows
 */
export function isPool(service: string, most: (stack: Stack) => number | null): ValueCheck {
  return (value, { stack }) => {
    if (!/^0*[1-9]\d*$/.test(value))
      return error(`'${value}' is no number of connections`, 'give a whole number, such as 10');
    const taken = most(stack);
    if (taken === null) return undefined;
    const wanted = Number(value) * (stack.replicas[service] ?? 1);
    const left = taken - KEPT;
    const hint = 'take the line out, or give the database more memory (limits in peakstone.config.ts)';
    if (wanted > left) return error(`${wanted} connections are more than the database takes: ${left}`, hint);
    return wanted > left / 2
      ? warning(`${wanted} of the database’s ${left} connections leave too few for the others`, hint)
      : undefined;
  };
}
