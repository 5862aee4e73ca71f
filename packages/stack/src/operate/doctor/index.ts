import { tmpdir } from 'node:os';
import { ConfigError } from '@peakstone/kernel/config';
import { StackConfigError } from '../../definition.ts';
import { type Check, fail, ok, warn } from '../../project/check.ts';
import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import type { StackPaths } from '../../project/paths.ts';
import { upstreamVariable } from '../../project/urls.ts';
import { chooseEngines } from '../../run/plan.ts';
import { portIsFree } from '../../run/ports.ts';
import { openStackValues, placeValues } from '../../run/stackValues.ts';
import { type Presence, readPresence } from '../../run/state.ts';
import type { ServiceOff } from '../../run/status.ts';
import type { StatusReply } from '../../run/statusReply.ts';
import { services } from '../../services/index.ts';
import type { FilledPlace, RunEngine } from '../../services/local.ts';
import { ask } from '../client.ts';
import { secretVariables } from '../secrets.ts';
import { checkData } from './data.ts';
import { checkDisks } from './disks.ts';
import { checkEnv } from './env.ts';
import { checkMachine } from './machine.ts';
import { checkMigrations } from './migrations.ts';

export type { Check } from '../../project/check.ts';

/** Looks at everything a stack depends on, changes nothing. Worst last within its group; ends within seconds. */
export async function examine(paths: StackPaths, env: EnvValues): Promise<Check[]> {
  const presence = readPresence(paths);
  const { values, wrong } = await readValues(paths, env);
  return [
    ...checkMachine(),
    ...checkDisks(await filledPlaces(paths, values)),
    ...(await checkData(paths, presence, values)),
    ...checkEnv(paths, env),
    ...wrong,
    ...(await checkSettings(values)),
    ...(presence.kind === 'running' ? await checkRunning(paths, presence, values) : await checkPorts(values)),
  ];
}

/** Everything that a stack writes to, where its settings can be read. */
async function filledPlaces(paths: StackPaths, env: EnvValues): Promise<readonly FilledPlace[]> {
  const places: FilledPlace[] = [
    { what: 'data', place: paths.data },
    { what: 'log files', place: paths.logs },
    { what: 'temporary files', place: tmpdir() },
  ];
  const engines = enginesOf(env);
  if (engines instanceof ConfigError) return places;
  for (const { name, local } of services) {
    if (engines.get(name)?.kind !== 'peakstone') continue;
    try {
      places.push(...((await local?.plan?.())?.fills?.(paths, env) ?? []));
    } catch (error) {
      // Settings that are wrong have a check of their own.
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  return places;
}

/** The stack's settings; where the configuration or `.env` cannot be read, those without it and why. */
async function readValues(
  paths: StackPaths,
  env: EnvValues,
): Promise<{ readonly values: EnvValues; readonly wrong: readonly Check[] }> {
  try {
    // As they are: an interrupted rotation is told, and not finished from here.
    return { values: (await openStackValues(paths, env))(), wrong: [] };
  } catch (error) {
    if (error instanceof StackConfigError)
      return {
        values: placeValues(paths, env),
        wrong: [fail('Configuration', error.message, 'Correct it in peakstone.config.ts.')],
      };
    // Of `.env`, which has a check of its own.
    if (error instanceof ConfigError || error instanceof StackError) return { values: env, wrong: [] };
    throw error;
  }
}

/** What a start would refuse. Secrets that are missing are made by it, and have a check of their own. */
async function checkSettings(values: EnvValues): Promise<Check[]> {
  const whole = {
    ...Object.fromEntries(
      secretVariables.map(({ name }) => [name, values[name] || 'made by the first start']),
    ),
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value)),
  };
  const checks: Check[] = [];
  const engines = enginesOf(whole);
  if (engines instanceof ConfigError) return [wrongSetting(engines)];
  for (const { name, local } of services) {
    if (!engines.has(name)) continue;
    try {
      (await local?.plan?.())?.assertSettings?.(whole);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      checks.push(wrongSetting(error));
    }
  }
  return checks;
}

function wrongSetting({ message, hint }: ConfigError): Check {
  const todo = 'Correct it in .env or in the environment.';
  return hint === null
    ? fail('Settings', message, todo)
    : fail('Settings', message.replace(` ${hint}`, ''), `${hint} ${todo}`);
}

/** Who serves those that a start would have take part; the error with which it would end. */
function enginesOf(values: EnvValues): ReadonlyMap<string, RunEngine> | ConfigError {
  try {
    return chooseEngines(values);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

async function checkPorts(values: EnvValues): Promise<Check[]> {
  const checks: Check[] = [];
  const engines = enginesOf(values);
  if (engines instanceof ConfigError) return [];
  for (const { name, port } of services) {
    if (port === undefined || engines.get(name)?.kind !== 'peakstone') continue;
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

function checkOff({ name, missed }: ServiceOff): Check {
  return missed === undefined
    ? ok('Service', `${name} is off by configuration`)
    : warn(
        'Service',
        `${name} is off by configuration: ${missed}`,
        `Turn it on (services.${name} in peakstone.config.ts, ${upstreamVariable(name)} in .env): peakstone down, then peakstone up`,
      );
}

async function checkRunning(
  paths: StackPaths,
  presence: Presence & { kind: 'running' },
  values: EnvValues,
): Promise<Check[]> {
  if (!presence.state) return [warn('Stack', 'is starting right now', 'Look again in a moment.')];
  let status: StatusReply | null;
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
  if (status?.isOtherVersion)
    checks.push(
      warn('Stack', 'is run by another version than this one', 'peakstone down, then peakstone up'),
    );
  for (const each of status?.off ?? []) checks.push(checkOff(each));
  if (status) checks.push(...(await checkMigrations(paths, values, status)));
  const { ports } = presence.state;
  const apis = new Set(
    status?.services.filter(({ engine }) => engine === 'peakstone').map(({ name }) => name),
  );
  const served = services.flatMap(({ name, local }) =>
    local?.serves && apis.has(name) ? [local.serves(values)] : [],
  );
  for (const { name, local } of services) {
    const well = status?.services.some(service => service.name === name && service.state === 'healthy');
    const examine = well ? await local?.examine?.() : undefined;
    if (examine) checks.push(...(await examine({ env: values, ports, served })));
  }
  return checks;
}
