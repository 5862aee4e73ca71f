import { type ApiKeys, ensureSecrets } from '@peakstone/database';
import { parsePort } from '@peakstone/kernel/ports';
import { loadStackConfig } from '../loadConfig.ts';
import { signStackKeys } from '../project/apiKeys.ts';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import type { StackPaths } from '../project/paths.ts';
import { rotationUnderWay } from '../project/rotationLock.ts';
import { externalUrl, httpUrl, isOff, upstreamUrl } from '../project/urls.ts';
import { services } from '../services/index.ts';
import type { Planning, RunEngine } from '../services/local.ts';
import type { Service } from '../services/service.ts';
import { localVariables, variablesRequiredBy } from '../variables.ts';
import { deployedOnly } from './configured.ts';
import type { OnStackEvent } from './events.ts';
import { isShortJwtSecret, minJwtSecretBytes } from './jwtSecret.ts';
import { allocatePorts, type PortWish, portIsFree } from './ports.ts';
import type { StackSettings } from './settings.ts';
import { openStackValues } from './stackValues.ts';
import type { ServiceOff } from './status.ts';

/** Every decision of a start, made before anything is started. */
export interface StackPlan {
  readonly paths: StackPaths;
  /** Address the gateway listens on; everything else is for this machine alone. */
  readonly host: string;
  /** By service, of those that listen here. */
  readonly ports: Readonly<Record<string, number>>;
  /** By service, of those that take part. */
  readonly engines: ReadonlyMap<string, RunEngine>;
  /** Services that are left out by the configuration. */
  readonly off: readonly ServiceOff[];
  /** Where people reach a service, without a password. By service. */
  readonly addresses: Readonly<Record<string, string | null>>;
  /** Where its administrator does, of those that have one. By service. */
  readonly adminAddresses: Readonly<Record<string, string | null>>;
  readonly keys: ApiKeys;
  /**
   * The settings as they are now: `.env` changes when secrets rotate, so that every start of a service reads it anew.
   * @param file in the place of `.env`
   */
  env(file?: string): EnvValues;
}

/** What is known of the folder before anything is made in it. */
export interface PlanFacts {
  /** Whether a stack was ever started here. */
  readonly hadRun?: boolean;
  readonly exampleSchemas?: readonly string[] | undefined;
}

/**
 * Decides engines, ports and keys; makes `.env` when there is none.
 * @param exampleSchemas Served besides the project's own, for an example that is in them.
 * @throws {ConfigError} naming the variable; {StackConfigError} naming the setting; {StackError} `portTaken`, `config`.
 */
export async function planStack(
  settings: StackSettings,
  paths: StackPaths,
  onEvent: OnStackEvent,
  { hadRun = false, exampleSchemas = [] }: PlanFacts = {},
): Promise<StackPlan> {
  if (!holdsSecrets(settings.env)) {
    const notice = (text: string): void => onEvent({ kind: 'notice', text });
    const { created } = ensureSecrets(paths.env, {
      variables: localVariables,
      isRotating: () => rotationUnderWay(paths) !== null,
      notice,
    });
    if (created && hadRun)
      notice(
        `${paths.env} was gone, so new secrets were made: tokens, keys and passwords from before are no longer valid. Put the old file back to keep them.`,
      );
  }
  const read = await openStackValues(paths, settings.env);
  const env = read();
  const engines = chooseEngines(env);
  for (const text of deployedOnly(await loadStackConfig(paths.project), env))
    onEvent({ kind: 'notice', text });
  const host = settings.host ?? (env.GATEWAY_HOST || '127.0.0.1');
  const wishes = wishPorts(engines, env, host, settings.portBase);
  const plannings = await loadPlannings(engines);
  const held = new Set([...plannings.values()].map(planning => planning.heldPort?.(paths, env)));
  const { ports, notices } = await allocatePorts(
    wishes,
    async (port, address) => held.has(port) || (await portIsFree(port, address)),
  );
  for (const notice of notices) onEvent({ kind: 'portMoved', ...notice });
  const current = (file?: string): EnvValues => {
    const fresh = read(file);
    return {
      ...fresh,
      ...addSchemas(fresh.DATABASE_SCHEMAS, exampleSchemas),
      ...Object.assign({}, ...[...plannings.values()].map(planning => planning.settings?.(paths, fresh))),
      ...portSettings(ports),
    };
  };
  // Wrong settings end the start before anything runs.
  for (const planning of plannings.values()) planning.assertSettings?.(current());
  assertJwtSecret(env, settings.env);
  for (const [name, planning] of plannings) {
    if (engines.get(name)?.kind !== 'peakstone') continue;
    for (const text of planning.beforeStart?.(paths, current()) ?? []) onEvent({ kind: 'notice', text });
  }
  const adminAddress = (name: string, engine: RunEngine): string | null =>
    plannings.get(name)?.adminAddress?.(engine, ports[name] ?? null, current()) ?? null;
  const address = (name: string, engine: RunEngine, front: boolean): string | null => {
    const port = ports[name] ?? null;
    const own = plannings.get(name)?.address;
    if (own) return own(engine, port, current());
    return port === null ? null : httpUrl(front ? host : '127.0.0.1', port);
  };
  return {
    paths,
    host,
    ports,
    engines,
    off: servicesOff(env).map(({ name, title }) => ({ name, title })),
    addresses: Object.fromEntries(
      services.flatMap(({ name, front }) => {
        const engine = engines.get(name);
        return engine ? [[name, address(name, engine, front === true)] as const] : [];
      }),
    ),
    adminAddresses: Object.fromEntries(
      [...engines].map(([name, engine]) => [name, adminAddress(name, engine)] as const),
    ),
    keys: signStackKeys(env),
    env: current,
  };
}

async function loadPlannings(engines: ReadonlyMap<string, RunEngine>): Promise<Map<string, Planning>> {
  const plannings = new Map<string, Planning>();
  for (const { name, local } of services) {
    if (local?.plan && engines.has(name)) plannings.set(name, await local.plan());
  }
  return plannings;
}

function addSchemas(own: string | undefined, others: readonly string[]): EnvValues {
  if (others.length === 0) return {};
  return { DATABASE_SCHEMAS: [...new Set([...(own?.split(',') ?? []), ...others])].join(',') };
}

/** The ports that were found, in each service's own words. */
function portSettings(ports: Readonly<Record<string, number>>): EnvValues {
  return Object.fromEntries(
    services.flatMap(({ name, local }) =>
      local?.portVariable && ports[name] !== undefined ? [[local.portVariable, String(ports[name])]] : [],
    ),
  );
}

function assertJwtSecret({ JWT_SECRET, PGRST_JWT_SECRET }: EnvValues, outer: EnvValues): void {
  if (PGRST_JWT_SECRET || !isShortJwtSecret(JWT_SECRET ?? '')) return;
  throw new StackError('config', `JWT_SECRET is shorter than ${minJwtSecretBytes} characters.`, {
    hint: outer.JWT_SECRET
      ? 'Set a longer one in the environment, or unset it there.'
      : 'Make a new one: peakstone secrets rotate JWT_SECRET',
  });
}

/** A container gets its secrets from outside, and has no place to keep a file of its own. */
function holdsSecrets(env: EnvValues): boolean {
  const here = services.filter(({ engines }) => engines.includes('peakstone'));
  const needed = variablesRequiredBy(here.map(({ name }) => name));
  return needed.every(({ name, generate }) => !generate || env[name]);
}

/**
 * Services with an own engine run; others take part when `PEAKSTONE_UPSTREAM_NAME` gives their address, and where that is
 * `off` none does. Pure. @throws {ConfigError} when it is no URL
 */
export function chooseEngines(env: EnvValues): Map<string, RunEngine> {
  const engines = new Map<string, RunEngine>();
  for (const service of services) {
    if (service.kind === 'job' || isLeftOutHere(service, env)) continue;
    const variable = service.local?.engineVariable;
    const url = variable === undefined ? upstreamUrl(env, service) : externalUrl(env[variable]);
    if (url !== null && service.engines.includes('external'))
      engines.set(service.name, { kind: 'external', url });
    else if (service.engines.includes('peakstone') && (service.local?.wanted?.(env) ?? true))
      engines.set(service.name, { kind: 'peakstone' });
  }
  return engines;
}

/** Those of ours that would run, were they not left out. Pure. */
export function servicesOff(env: EnvValues): readonly Service[] {
  return services.filter(
    service =>
      isLeftOutHere(service, env) &&
      service.engines.includes('peakstone') &&
      (service.local?.wanted?.(env) ?? true),
  );
}

function isLeftOutHere({ name, local, kind }: Service, env: EnvValues): boolean {
  return kind === 'service' && !local?.essential && isOff(env, name);
}

function wishPorts(
  engines: ReadonlyMap<string, RunEngine>,
  env: EnvValues,
  host: string,
  portBase: number | undefined,
): PortWish[] {
  const listening = services.filter(
    ({ name, port }) => port !== undefined && engines.get(name)?.kind === 'peakstone',
  );
  // The front is what users open, so it gets the base itself.
  const ordered = [...listening.filter(({ front }) => front), ...listening.filter(({ front }) => !front)];
  return ordered.map(({ name, port, front, local }, index) => {
    const address = front ? host : '127.0.0.1';
    const variable = local?.portVariable;
    const text = variable === undefined ? undefined : env[variable];
    // Read even where the base wins: a wrong one would end the next start without it.
    const own = variable && text ? readPort(variable, text) : undefined;
    if (portBase !== undefined)
      return { service: name, port: portBase + index, setBy: '--port-base', host: address };
    if (!variable || own === undefined) return { service: name, port: port!, host: address };
    return { service: name, port: own, setBy: variable, host: address };
  });
}

function readPort(variable: string, text: string): number {
  const port = parsePort(text) ?? 0;
  if (port >= 1) return port;
  throw new StackError('config', `${variable} must be a port from 1 to 65535, not '${text}'.`, {
    hint: 'Correct it in .env or in the environment.',
  });
}
