/** From what a user's configuration says to a stack with every choice made. */
import {
  type Engine,
  type ResolvedService,
  type ServiceChoice,
  type ServiceDefinition,
  type Stack,
  type StackConfig,
  StackConfigError,
  stackVersion,
} from './definition.ts';
import { serviceNames, services } from './services/index.ts';

const defaultSchemas = ['public', 'common', 'people', 'pipeline', 'activities', 'leads', 'docs'];

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
  assertChoice('storage', config.storage, ['minio', 'rustfs']);
  const schemas = config.schemas ?? defaultSchemas;
  if (!Array.isArray(schemas)) throw new StackConfigError(`schemas: it must be a list: ['public', 'shop']`);
  const badSchema = schemas.find(schema => !/^[a-z_][a-z0-9_]{0,62}$/.test(schema));
  if (badSchema !== undefined || schemas.length === 0) {
    throw new StackConfigError(
      `schemas: '${badSchema ?? ''}' must be lower-case letters, digits and underscores`,
    );
  }
  for (const key of [...Object.keys(config.services ?? {}), ...Object.keys(config.replicas ?? {})]) {
    if (!serviceNames.has(key))
      throw new StackConfigError(`'${key}' is not a service; there are ${[...serviceNames].join(', ')}`);
  }
  const resolved = services.flatMap(definition =>
    resolveService(definition, config.services?.[definition.name], config.engine ?? 'peakstone'),
  );
  return {
    name,
    hostPrefix: `${name}-`,
    schemas,
    routes: config.routes ?? 'dokploy',
    endpointMode: config.endpointMode ?? 'vip',
    storage: config.storage ?? 'minio',
    image: config.image ?? `ghcr.io/peakstone/peakstone:${stackVersion}`,
    replicas: resolveReplicas(config.replicas ?? {}),
    services: resolved,
  };
}

/** The types say it too, but nobody checks the types of a file that is only run. */
function assertChoice(setting: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return;
  throw new StackConfigError(`${setting}: '${value}' is none of ${choices.join(', ')}`);
}

const settings = new Set([
  'name',
  'engine',
  'services',
  'schemas',
  'routes',
  'replicas',
  'endpointMode',
  'storage',
  'image',
]);

function resolveService(
  definition: ServiceDefinition,
  choice: ServiceChoice | undefined,
  fallback: Engine,
): ResolvedService[] {
  if (choice === false) return [];
  if (choice === undefined) {
    const engine = definition.engines.includes(fallback) ? fallback : definition.engines[0];
    return engine === undefined || engine === 'external' ? [] : [{ definition, engine }];
  }
  const engine = typeof choice === 'string' ? choice : choice.engine;
  if (!definition.engines.includes(engine)) {
    throw new StackConfigError(
      `services.${definition.name}: '${engine}' cannot serve it; ${definition.engines.join(' or ')} can`,
    );
  }
  if (engine !== 'external') return [{ definition, engine }];
  const url = typeof choice === 'object' && 'url' in choice ? choice.url : '';
  if (!/^(?:[a-z][a-z0-9+.-]*:\/\/|\$\{)/.test(url)) {
    throw new StackConfigError(
      `services.${definition.name}: 'external' needs its address: { engine: 'external', url: 'https://…' }`,
    );
  }
  return [{ definition, engine, url }];
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
