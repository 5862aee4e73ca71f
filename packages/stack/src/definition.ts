/**
 * The one stack definition: which services there are, by what names, ports, paths and variables they are known.
 * The local run, Compose, the Swarm file, the Dokploy template, `.env.example` and the docs' service table all come from it.
 */
import { serviceNames, services } from './services.ts';

/** Who serves: our own code, the reference's image, or a URL that the operator gives. */
export type Engine = 'peakstone' | 'upstream' | 'external';

export interface ServiceDefinition {
  /** Name in Compose, in logs and on the command line. */
  readonly name: string;
  readonly title: string;
  /** The contract it speaks, for the docs' table. */
  readonly contract: string;
  /** `job` runs once before the services that need it. */
  readonly kind: 'service' | 'job';
  /** Engines that can serve it today, best first. */
  readonly engines: readonly Engine[];
  /** Default local port; absent for jobs and agents. */
  readonly port?: number;
  /** Gateway path prefixes; empty when it is not public by path. */
  readonly paths: readonly string[];
  /** The `DOMAIN_*` variable that gives it a public host. */
  readonly domain?: string;
  /** Variable that overrides the upstream image. */
  readonly imageVariable?: string;
  /** Services that must be healthy (jobs: finished) before it starts. */
  readonly needs: readonly string[];
  /** Where it keeps state, so that Swarm pins it and upgrades keep its volume. */
  readonly stateful: boolean;
  /** Other host names it answers to inside the stack's network: those of the original stack. */
  readonly aliases: readonly string[];
  /** `service` label of its log lines; absent when its logs are not collected. */
  readonly logLabel?: string;
}

/** One service in a user's configuration: an engine, a URL that makes it external, or `false` to leave it out. */
export type ServiceChoice =
  | Engine
  | false
  | { readonly engine: 'external'; readonly url: string }
  | { readonly engine: 'peakstone' | 'upstream' };

/** What `peakstone.config.ts` may say; everything has a default. */
export interface StackConfig {
  /** Prefix of host names inside the stack and of Traefik's router names. Letters, digits and hyphens. Default `peakstone`. */
  readonly name?: string;
  /** Engine for every service that `services` does not name; where it cannot serve, the first that can does. Default `peakstone`. */
  readonly engine?: 'peakstone' | 'upstream';
  readonly services?: Readonly<Record<string, ServiceChoice>>;
  /** Schemas that the APIs expose and the bootstrap owns. */
  readonly schemas?: readonly string[];
  /** How hosts reach the services: Traefik labels, Dokploy's own domains, a Caddy container, or nothing. Default `dokploy`. */
  readonly routes?: Routes;
  /** Replicas under Swarm, by stateless service. Default 2. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** How Swarm spreads a service's connections: by a virtual address, or by DNS where the kernel has no IPVS. Default `vip`. */
  readonly endpointMode?: 'vip' | 'dnsrr';
  /** Server behind the upstream object storage. Default `minio`. */
  readonly storage?: 'minio' | 'rustfs';
  /** Image of our own services. Default `ghcr.io/peakstone/peakstone:VERSION`. */
  readonly image?: string;
}

export type Routes = 'traefik' | 'dokploy' | 'caddy' | 'none';

/** A configuration with every choice made. */
export interface Stack {
  readonly name: string;
  /** What container host names begin with: `NAME-`, so that they are unique on a shared network; empty where the network is the stack's own. */
  readonly hostPrefix: string;
  readonly schemas: readonly string[];
  readonly routes: Routes;
  readonly endpointMode: 'vip' | 'dnsrr';
  readonly storage: 'minio' | 'rustfs';
  readonly image: string;
  readonly replicas: Readonly<Record<string, number>>;
  /** In start order. */
  readonly services: readonly ResolvedService[];
}

export interface ResolvedService {
  readonly definition: ServiceDefinition;
  readonly engine: Engine;
  /** Only when `engine` is `external`. May hold `${VARIABLE}`. */
  readonly url?: string;
}

/** A configuration that cannot be met; the message names the setting and what it may be. */
export class StackConfigError extends Error {
  override readonly name = 'StackConfigError';
}

/** The version whose images the rendered files name. */
export const stackVersion = '0.1.0';

const defaultSchemas = ['public', 'common', 'people', 'pipeline', 'activities', 'leads', 'docs'];

/**
 * Types a user's configuration: `export default defineConfig({ services: { graphql: 'upstream' } })`. Returns its argument.
 */
export function defineConfig(config: StackConfig): StackConfig {
  return config;
}

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

/** The service as resolved, or nothing when the stack leaves it out. */
export function findService(stack: Stack, name: string): ResolvedService | undefined {
  return stack.services.find(service => service.definition.name === name);
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
