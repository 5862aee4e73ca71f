import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiKeys, type DatabaseConfig, ensureSecrets, readDatabaseConfig } from '@peakstone/database';
import { readGatewayConfig, routesFromEnv } from '@peakstone/gateway';
import { loadStackConfig } from '../deploy/project.ts';
import { services } from '../services.ts';
import { localVariables } from '../variables.ts';
import { type EnvValues, stackEnv } from './envFile.ts';
import { StackError } from './errors.ts';
import type { OnStackEvent } from './events.ts';
import { isShortJwtSecret, minJwtSecretBytes } from './jwtSecret.ts';
import { databaseDir, type StackPaths } from './paths.ts';
import { allocatePorts, type PortWish, portIsFree } from './ports.ts';
import { secretVariables, signStackKeys } from './secrets.ts';
import type { StackSettings } from './settings.ts';
import { externalUrl } from './urls.ts';

/** Who serves one of the services that take part in the local run. */
export type RunEngine = { readonly kind: 'peakstone' } | { readonly kind: 'external'; readonly url: string };

/** Every decision of a start, made before anything is started. */
export interface StackPlan {
  readonly paths: StackPaths;
  /** Address the gateway listens on; everything else is for this machine alone. */
  readonly host: string;
  /** By service, of those that listen here. */
  readonly ports: Readonly<Record<string, number>>;
  /** By service, of those that take part. */
  readonly engines: ReadonlyMap<string, RunEngine>;
  readonly keys: ApiKeys;
  /** The settings as they are now: `.env` changes when secrets rotate, so that every start of a service reads it anew. */
  env(): EnvValues;
  /** @throws {ConfigError} */
  database(): DatabaseConfig;
}

/** Variables that set a service's own port; a value there is meant exactly. */
const portVariables: Readonly<Record<string, string>> = {
  postgres: 'POSTGRES_PORT',
  rest: 'PGRST_SERVER_PORT',
  gateway: 'GATEWAY_PORT',
};

/**
 * Decides engines, ports and keys; makes `.env` when there is none.
 * @throws {ConfigError} naming the variable; {StackConfigError} naming the setting; {StackError} `portTaken`, `config`.
 */
export async function planStack(
  settings: StackSettings,
  paths: StackPaths,
  onEvent: OnStackEvent,
): Promise<StackPlan> {
  if (!holdsSecrets(settings.env))
    ensureSecrets(paths.env, {
      variables: localVariables,
      notice: text => onEvent({ kind: 'notice', text }),
    });
  const env = stackEnv(paths, settings.env);
  const engines = chooseEngines(env);
  const host = settings.host ?? (env.GATEWAY_HOST || '127.0.0.1');
  const wishes = wishPorts(engines, env, host, settings.portBase);
  // A database that a killed stack left behind still has its port; its successor ends it, and gets the port.
  const orphan = postmasterPort(databaseDir(paths, env));
  const { ports, notices } = await allocatePorts(
    wishes,
    async (port, address) => port === orphan || (await portIsFree(port, address)),
  );
  for (const notice of notices) onEvent({ kind: 'portMoved', ...notice });
  const { schemas } = await loadStackConfig(paths.project);
  const current = (): EnvValues => {
    const fresh = stackEnv(paths, settings.env);
    return {
      ...(schemas === undefined ? {} : { DATABASE_SCHEMAS: schemas.join(',') }),
      ...fresh,
      DATABASE_DIR: databaseDir(paths, fresh),
      ...(ports.postgres === undefined ? {} : { POSTGRES_PORT: String(ports.postgres) }),
    };
  };
  const plan: StackPlan = {
    paths,
    host,
    ports,
    engines,
    keys: signStackKeys(env),
    env: current,
    database: () => readDatabaseConfig(current()),
  };
  // Wrong settings end the start before anything runs.
  plan.database();
  routesFromEnv(env);
  // The port has been read above, in Compose's shape as well.
  readGatewayConfig({ ...env, GATEWAY_PORT: undefined });
  assertJwtSecret(env, settings.env);
  return plan;
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
  const here = ['postgres', 'db-bootstrap', 'rest', 'gateway'];
  const needed = secretVariables.filter(({ requiredBy }) => requiredBy.some(name => here.includes(name)));
  return needed.every(({ name }) => env[name]);
}

/** The port that PostgreSQL's lock file in this folder names; whoever wrote it, it is not somebody else's program. */
function postmasterPort(dataDir: string): number | null {
  const file = join(dataDir, 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[3]) : null;
}

/** Services with an own engine run; others take part when `PEAKSTONE_UPSTREAM_NAME` gives their address. Pure. @throws {StackError} */
export function chooseEngines(env: EnvValues): Map<string, RunEngine> {
  const engines = new Map<string, RunEngine>();
  for (const service of services) {
    if (service.kind === 'job') continue;
    const variable =
      service.name === 'postgres' ? 'DATABASE_ENGINE' : `PEAKSTONE_UPSTREAM_${service.name.toUpperCase()}`;
    const url = externalUrl(env[variable]);
    if (url !== null && service.engines.includes('external'))
      engines.set(service.name, { kind: 'external', url });
    else if (service.engines.includes('peakstone')) engines.set(service.name, { kind: 'peakstone' });
  }
  return engines;
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
  // The gateway is what users open, so it gets the base itself.
  const ordered = [
    ...listening.filter(({ name }) => name === 'gateway'),
    ...listening.filter(({ name }) => name !== 'gateway'),
  ];
  return ordered.map(({ name, port }, index) => {
    const address = name === 'gateway' ? host : '127.0.0.1';
    if (portBase !== undefined)
      return { service: name, port: portBase + index, setBy: '--port-base', host: address };
    const variable = portVariables[name];
    const text = variable === undefined ? undefined : env[variable];
    if (!variable || !text) return { service: name, port: port!, host: address };
    return { service: name, port: readPort(variable, text), setBy: variable, host: address };
  });
}

/** `5432`, or `127.0.0.1:5432` as Compose publishes ports. */
function readPort(variable: string, text: string): number {
  const match = /^(?:[0-9.]+:)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[1] ?? 0);
  if (port >= 1 && port <= 65_535) return port;
  throw new StackError('config', `${variable} must be a port from 1 to 65535, not '${text}'.`, {
    hint: 'Correct it in .env or in the environment.',
  });
}
