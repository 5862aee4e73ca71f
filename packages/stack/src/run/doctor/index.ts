import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { services } from '../../services.ts';
import { ask } from '../client.ts';
import { type EnvValues, stackEnv } from '../envFile.ts';
import { StackError } from '../errors.ts';
import type { StackPaths } from '../paths.ts';
import { portIsFree } from '../ports.ts';
import { type Presence, readPresence } from '../state.ts';
import type { StackStatus } from '../status.ts';
import { superuserUrl } from '../urls.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { checkData } from './data.ts';
import { checkEnv } from './env.ts';
import { checkMachine } from './machine.ts';

export type { Check } from './check.ts';

/** Looks at everything a stack depends on, changes nothing. Worst last within its group; ends within seconds. */
export async function examine(paths: StackPaths, env: EnvValues): Promise<Check[]> {
  const presence = readPresence(paths);
  return [
    ...checkMachine(paths.data),
    ...checkData(paths, presence, settingsOf(paths, env)),
    ...checkEnv(paths, env),
    ...(presence.kind === 'running' ? await checkRunning(paths, presence, env) : await checkPorts()),
  ];
}

/** What `.env` adds where it can be read; where not, that is a finding of its own. */
function settingsOf(paths: StackPaths, env: EnvValues): EnvValues {
  try {
    return stackEnv(paths, env);
  } catch {
    return env;
  }
}

async function checkPorts(): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { name, port, engines } of services) {
    if (port === undefined || engines[0] !== 'peakstone') continue;
    checks.push(
      (await portIsFree(port, '127.0.0.1'))
        ? ok('Port', `${port} is free for ${name}`)
        : warn(
            'Port',
            `${port} for ${name} is in use`,
            `${name} will take the next free one; --port-base chooses a range.`,
          ),
    );
  }
  return checks;
}

async function checkRunning(
  paths: StackPaths,
  presence: Presence & { kind: 'running' },
  env: EnvValues,
): Promise<Check[]> {
  if (!presence.state) return [warn('Stack', 'is starting right now', 'Look again in a moment.')];
  let status: StackStatus | null;
  try {
    status = await ask(paths, presence.state, { command: 'status' });
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    return [fail('Stack', error.message, error.hint ?? `See 'peakstone logs'.`)];
  }
  const checks = (status?.services ?? []).map(({ name, state, reason, url }) =>
    state === 'healthy'
      ? ok('Service', `${name} is healthy${url ? ` at ${url}` : ''}`)
      : fail('Service', `${name} is ${state}${reason ? `: ${reason}` : ''}`, `peakstone logs ${name}`),
  );
  if (status?.services.some(({ name, state }) => name === 'postgres' && state === 'healthy')) {
    checks.push(...(await checkExtensions(await superuserUrl(paths, env))));
  }
  return checks;
}

/** What the original stack uses, and what it is for. */
const extensions: readonly (readonly [name: string, use: string])[] = [
  ['pg_cron', 'scheduled jobs'],
  ['pgaudit', 'audit log of objects'],
  ['hypopg', 'hypothetical indexes'],
  ['pg_repack', 'repacking without locks'],
  ['vector', 'embeddings'],
];

async function checkExtensions(url: string): Promise<Check[]> {
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
