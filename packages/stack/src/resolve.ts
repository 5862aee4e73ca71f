/** From what a user's configuration says to a stack with every choice made. */
import { readSchemas } from '@peakstone/database/schemas';
import { ConfigError, suggest } from '@peakstone/kernel/config';
import {
  type Engine,
  isLeftOut,
  type Limits,
  type ResolvedService,
  type ServiceChoice,
  type ServiceDefinition,
  type Stack,
  type StackConfig,
  StackConfigError,
  stackVersion,
} from './definition.ts';
import { serviceNames, services } from './services/index.ts';
import type { Service } from './services/service.ts';

/** No process of the stack starts in less. */
const minMemoryMb = 64;

/**
 * Makes every choice that the configuration left open. Pure.
 * @throws {StackConfigError} an unknown service or setting, an engine that cannot serve it, a name or URL of the wrong shape.
 * @example resolveStack({ services: { logs: false } }).services.some(s => s.definition.name === 'logs') // false
 */
export function resolveStack(config: StackConfig = {}): Stack {
  const name = config.name ?? 'peakstone';
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
    throw new StackConfigError(
      `name: '${name}' must be 1 to 31 lower-case letters, digits and hyphens, and start with a letter`,
    );
  }
  const unknown = Object.keys(config).find(key => !settings.has(key));
  if (unknown !== undefined)
    throw new StackConfigError(`'${unknown}' is not a setting; there are ${[...settings].join(', ')}`);
  assertChoice('engine', config.engine, ['peakstone', 'upstream']);
  assertChoice('routes', config.routes, ['traefik', 'dokploy', 'caddy', 'none']);
  assertChoice('endpointMode', config.endpointMode, ['vip', 'dnsrr']);
  assertChoice('supabase', config.supabase, ['off', 'roles', 'full']);
  assertChoice('storage', config.storage, ['minio', 'rustfs']);
  for (const [setting, value] of Object.entries(config))
    if (tables.has(setting) && (typeof value !== 'object' || Array.isArray(value)))
      throw new StackConfigError(`${setting}: it must be a table by service: ${setting}: { rest: … }`);
  const named = [config.services, config.replicas, config.limits].flatMap(setting =>
    Object.keys(setting ?? {}),
  );
  for (const key of named) {
    if (!serviceNames.has(key)) {
      const near = suggest(key, [...serviceNames]);
      throw new StackConfigError(
        `'${key}' is not a service; ${near ? `did you mean ${near}? There` : 'there'} are ${[...serviceNames].join(', ')}`,
      );
    }
  }
  const resolved = services
    .filter(({ onlyHere }) => !onlyHere)
    .flatMap(definition =>
      resolveService(
        definition,
        config.services?.[definition.name] ?? impliedChoice(definition, config),
        config.engine ?? 'peakstone',
        resolveLimits(definition, config.limits?.[definition.name]),
      ),
    );
  return {
    name,
    hostPrefix: `${name}-`,
    schemas: resolveSchemas(config.schemas),
    supabase: config.supabase ?? 'roles',
    routes: config.routes ?? 'dokploy',
    endpointMode: config.endpointMode ?? 'vip',
    storage: config.storage ?? 'minio',
    image: config.image ?? `ghcr.io/peakstone/peakstone:${stackVersion}`,
    replicas: resolveReplicas(config.replicas ?? {}),
    sharedHosts: resolveSharedHosts(config.sharedHosts ?? [], resolved),
    services: resolved,
  };
}

/** Who names the server behind a reference's contract does not mean ours. */
function impliedChoice({ serverSetting }: ServiceDefinition, config: StackConfig): Engine | undefined {
  return serverSetting !== undefined && config[serverSetting] !== undefined ? 'upstream' : undefined;
}

/** Undefined where the bootstrap decides. */
function resolveSchemas(schemas: StackConfig['schemas']): readonly string[] | undefined {
  if (schemas === undefined) return undefined;
  if (!Array.isArray(schemas)) throw new StackConfigError(`schemas: it must be a list: ['public', 'shop']`);
  const wrong = schemas.find(schema => !/^[a-z_][a-z0-9_]{0,62}$/.test(schema));
  if (schemas.length === 0)
    throw new StackConfigError(`schemas: it is empty: name one at least, or leave it out for 'public'`);
  if (wrong !== undefined) {
    throw new StackConfigError(`schemas: '${wrong}' must be lower-case letters, digits and underscores`);
  }
  try {
    return readSchemas({ DATABASE_SCHEMAS: schemas.join(',') });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new StackConfigError(`schemas: ${error.message.replace(/^\w+ must be/, 'it must be')}`, {
      cause: error,
    });
  }
}

/** The types say it too, but nobody checks the types of a file that is only run. */
function assertChoice(setting: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return;
  throw new StackConfigError(`${setting}: '${value}' is none of ${choices.join(', ')}`);
}

/** Those that say something of services, by name. */
const tables = new Set(['services', 'limits', 'replicas']);

/** Every setting that there is, which the compiler compares. */
const settings = new Set(
  Object.keys({
    name: true,
    engine: true,
    services: true,
    schemas: true,
    supabase: true,
    routes: true,
    limits: true,
    sharedHosts: true,
    replicas: true,
    endpointMode: true,
    storage: true,
    image: true,
  } satisfies Record<keyof StackConfig, true>),
);

function resolveService(
  definition: Service,
  choice: ServiceChoice | undefined,
  fallback: Engine,
  limits: Limits,
): ResolvedService[] {
  if (isLeftOut(choice)) {
    if (definition.local?.essential)
      throw new StackConfigError(
        `services.${definition.name}: nothing works without it; give it an engine, or its address: { engine: 'external', url: '…' }`,
      );
    return [];
  }
  if (choice === undefined) {
    const engine = definition.engines.includes(fallback) ? fallback : definition.engines[0];
    return engine === undefined || engine === 'external' ? [] : [{ definition, engine, limits }];
  }
  const engine = typeof choice === 'string' ? choice : choice.engine;
  // The types say it too, but nobody checks the types of a file that is only run.
  if (typeof engine !== 'string')
    throw new StackConfigError(
      `services.${definition.name}: it must be ${definition.engines.flatMap(each => (each === 'external' ? [] : `'${each}'`)).join(', ')}, false, or { engine: 'external', url: 'https://…' }`,
    );
  if (!definition.engines.includes(engine)) {
    throw new StackConfigError(
      `services.${definition.name}: '${engine}' cannot serve it; ${definition.engines.join(' or ')} can, and false leaves it out`,
    );
  }
  if (engine !== 'external') return [{ definition, engine, limits }];
  const url = typeof choice === 'object' && 'url' in choice ? choice.url : '';
  if (!/^(?:[a-z][a-z0-9+.-]*:\/\/|\$\{)/.test(url)) {
    throw new StackConfigError(
      `services.${definition.name}: 'external' needs its address: { engine: 'external', url: 'https://…' }`,
    );
  }
  return [{ definition, engine, limits, url }];
}

function resolveLimits({ name, limits }: ServiceDefinition, given: Partial<Limits> = {}): Limits {
  for (const [key, value] of Object.entries(given)) {
    if (!(key in limits))
      throw new StackConfigError(
        `limits.${name}: '${key}' is no limit; there are ${Object.keys(limits).join(', ')}`,
      );
    const whole = key !== 'cpus';
    if (typeof value !== 'number' || !(value >= 0) || (whole && !Number.isInteger(value)))
      throw new StackConfigError(
        `limits.${name}.${key}: ${value} must be a ${whole ? 'whole ' : ''}number, or 0 for no limit`,
      );
  }
  const least = minMemoryMb;
  if (given.memoryMb !== undefined && given.memoryMb > 0 && given.memoryMb < least)
    throw new StackConfigError(
      `limits.${name}.memoryMb: ${given.memoryMb} MB are too few; ${least} at least`,
    );
  return { ...limits, ...given };
}

function resolveSharedHosts(
  hosts: readonly string[],
  resolved: readonly ResolvedService[],
): readonly string[] {
  const known = resolved
    .filter(({ engine }) => engine !== 'external')
    .flatMap(({ definition: { name, aliases } }) => [name, ...aliases]);
  const unknown = hosts.find(host => !known.includes(host));
  if (unknown === undefined) return [...hosts];
  throw new StackConfigError(
    `sharedHosts: '${unknown}' is no container's name; there are ${[...new Set(known)].join(', ')}`,
  );
}

function resolveReplicas(replicas: Readonly<Record<string, number>>): Record<string, number> {
  for (const [name, count] of Object.entries(replicas)) {
    const definition = services.find(service => service.name === name);
    if (definition?.stateful || definition?.kind === 'job') {
      throw new StackConfigError(`replicas.${name}: it keeps state or runs once, so it has one instance`);
    }
    if (!Number.isInteger(count) || count < 1 || count > 100) {
      throw new StackConfigError(`replicas.${name}: ${count} must be a whole number from 1 to 100`);
    }
  }
  return { ...replicas };
}
