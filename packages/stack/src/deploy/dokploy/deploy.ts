/**
 * Creates or updates a stack as a Dokploy Compose service, by its API: project, service, file, environment, domains, deployment.
 * Everything that is there already is kept and updated: running it twice changes nothing twice. Domains that others made stay.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '@peakstone/kernel/config';
import type { Stack } from '../../definition.ts';
import { isExampleHost } from '../../exampleHost.ts';
import { renderCompose } from '../../render/compose.ts';
import { buildContainers } from '../../render/containers.ts';
import { environmentNames } from '../../render/dokploy.ts';
import { findVariable } from '../../variables.ts';
import { refuseUnsafe } from '../compose.ts';
import { renderDiff } from '../diff.ts';
import { DeployError } from '../errors.ts';
import type { DeployEvent } from '../event.ts';
import type { Project } from '../project.ts';
import {
  createDokployClient,
  type DokployClient,
  type DokployCompose,
  type DokployDeployment,
  type DokployDomain,
  type DokployProject,
  type DokployTarget,
} from './client.ts';
import {
  applyPlan,
  describeDifference,
  type EnvironmentPlan,
  planEnvironment,
  type Side,
} from './environment.ts';

export interface DokployOptions extends DokployTarget {
  readonly project: Project;
  /** Dokploy project; made when missing. Default: the stack's name. */
  readonly projectName?: string;
  /** Environment inside it. Default `production`. */
  readonly environmentName?: string;
  /** Remote server; default the one Dokploy runs on. */
  readonly serverId?: string;
  /** Show what would change, and change nothing. */
  readonly dryRun: boolean;
  /**
   * Says which side holds where Dokploy's environment and `.env` differ; asked once, after all differences were shown as events.
   * @throws {Error} to break off with nothing changed
   */
  readonly choose: (differences: number) => Promise<Side>;
  /** Milliseconds for the deployment. Default 900 000. */
  readonly waitMs?: number;
  /** Milliseconds between looks. Default 2000. */
  readonly pollMs?: number;
  readonly onEvent: (event: DeployEvent) => void;
  readonly signal?: AbortSignal;
}

export interface DokployResult {
  readonly composeId: string;
  readonly hosts: readonly string[];
}

/**
 * @throws {DeployError} the environment is unsafe, Dokploy refuses a call, a domain leads to a service that is not there,
 * or the deployment fails (with the end of its log).
 */
export async function deployDokploy(options: DokployOptions): Promise<DokployResult | undefined> {
  const { project, onEvent } = options;
  const stack: Stack = { ...project.stack, routes: 'dokploy' };
  refuseUnsafe(project, onEvent);
  const client = createDokployClient(options);
  const composeFile = renderCompose(stack);
  const wanted = wantedEnvironment(stack, project.values);

  const environmentId = await findEnvironment(client, options);
  const found =
    environmentId === undefined ? undefined : await findCompose(client, environmentId, stack.name);
  onEvent({
    kind: 'diff',
    path: 'docker-compose.yml',
    text: renderDiff('docker-compose.yml', found?.composeFile ?? '', composeFile),
  });
  const remote = found?.env ?? '';
  const plan = readPlan(remote, wanted);
  tellPlan(plan, onEvent);
  const domains = found === undefined ? [] : await planDomains(client, stack, found.composeId);
  if (options.dryRun) return undefined;
  const holds = plan.differences.length === 0 ? 'here' : await options.choose(plan.differences.length);
  const env = applyPlan(remote, wanted, plan, holds);

  const compose =
    found ??
    (await createCompose(
      client,
      options,
      environmentId ?? (await createEnvironment(client, options)),
      composeFile,
    ));
  await client.mutate('compose.update', {
    composeId: compose.composeId,
    composeFile,
    sourceType: 'raw',
    composeType: 'docker-compose',
  });
  await client.mutate('compose.saveEnvironment', { composeId: compose.composeId, env, createEnvFile: true });
  for (const domain of domains) await moveDomain(client, onEvent, domain);
  const hosts = await ensureDomains(client, options, stack, compose.composeId);
  await runDeployment(client, options, compose.composeId);
  return { composeId: compose.composeId, hosts };
}

/** The stack's variables; empty ones are left to the file's defaults. Pure. */
export function wantedEnvironment(
  stack: Stack,
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const names = new Set([
    ...environmentNames(stack),
    ...buildContainers(stack).flatMap(container => container.routes.map(route => route.domain)),
  ]);
  return Object.fromEntries([...names].flatMap(name => (values[name] ? [[name, values[name]]] : [])));
}

function readPlan(remote: string, wanted: Readonly<Record<string, string>>): EnvironmentPlan {
  try {
    return planEnvironment(remote, wanted);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new DeployError(`Dokploy’s environment cannot be read: ${error.message}`, {
      hint: 'mend that line on the service’s Environment page',
      cause: error,
    });
  }
}

function tellPlan(plan: EnvironmentPlan, onEvent: (event: DeployEvent) => void): void {
  const tell = (text: string) => onEvent({ kind: 'step', text });
  if (plan.added.length > 0) tell(`Adds ${plan.added.join(', ')}`);
  if (plan.kept.length > 0) tell(`Keeps ${plan.kept.join(', ')}, which only Dokploy has`);
  for (const difference of plan.differences)
    tell(describeDifference(difference, findVariable(difference.name)?.generate !== undefined));
}

async function findEnvironment(client: DokployClient, options: DokployOptions): Promise<string | undefined> {
  const name = options.projectName ?? options.project.stack.name;
  const projects = await client.query<readonly DokployProject[]>('project.all');
  const project = projects.find(candidate => candidate.name === name);
  if (!project) return undefined;
  const wanted = options.environmentName ?? 'production';
  const environment = project.environments.find(candidate => candidate.name === wanted);
  if (environment) return environment.environmentId;
  throw new DeployError(`project '${name}' has no environment ${wanted}`, {
    hint: `there is ${project.environments.map(candidate => candidate.name).join(', ') || 'none'}; choose with --environment`,
  });
}

async function createEnvironment(client: DokployClient, options: DokployOptions): Promise<string> {
  const name = options.projectName ?? options.project.stack.name;
  options.onEvent({ kind: 'step', text: `Creating project ${name}` });
  const made = await client.mutate<{ readonly environment?: { readonly environmentId: string } }>(
    'project.create',
    { name, description: 'PeakStone' },
  );
  const environmentId = made.environment?.environmentId;
  if (environmentId === undefined)
    throw new DeployError('Dokploy made the project without an environment', {
      hint: 'update Dokploy to 0.25 or newer',
    });
  return environmentId;
}

async function findCompose(
  client: DokployClient,
  environmentId: string,
  name: string,
): Promise<DokployCompose | undefined> {
  const projects = await client.query<readonly DokployProject[]>('project.all');
  const environment = projects
    .flatMap(project => project.environments)
    .find(candidate => candidate.environmentId === environmentId);
  const found = environment?.compose?.find(candidate => candidate.name === name);
  return found && (await client.query<DokployCompose>('compose.one', { composeId: found.composeId }));
}

function createCompose(
  client: DokployClient,
  options: DokployOptions,
  environmentId: string,
  composeFile: string,
): Promise<DokployCompose> {
  const { name } = options.project.stack;
  options.onEvent({ kind: 'step', text: `Creating service ${name}` });
  return client.mutate('compose.create', {
    name,
    appName: name,
    description: 'PeakStone stack',
    environmentId,
    composeType: 'docker-compose',
    sourceType: 'raw',
    composeFile,
    ...(options.serverId === undefined ? {} : { serverId: options.serverId }),
  });
}

/** One domain with a certificate for each public service whose DOMAIN_* variable is set. */
async function ensureDomains(
  client: DokployClient,
  options: DokployOptions,
  stack: Stack,
  composeId: string,
): Promise<string[]> {
  const existing = await client.query<readonly DokployDomain[]>('domain.byComposeId', { composeId });
  const hosts: string[] = [];
  for (const container of buildContainers(stack)) {
    for (const route of container.routes) {
      const host = options.project.values[route.domain]?.trim();
      if (!host || isExampleHost(host)) continue;
      hosts.push(host);
      const wanted = {
        host,
        port: route.port,
        https: true,
        certificateType: 'letsencrypt',
        customCertResolver: '',
        serviceName: container.name,
        path: '/',
      };
      const domain = existing.find(candidate => candidate.host === host);
      if (!domain) {
        options.onEvent({ kind: 'step', text: `Routing ${host} to ${container.name}` });
        await client.mutate('domain.create', { ...wanted, composeId, domainType: 'compose' });
      } else if (domain.port !== route.port || domain.serviceName !== container.name || !domain.https) {
        options.onEvent({ kind: 'step', text: `Routing ${host} to ${container.name}` });
        await client.mutate('domain.update', { ...wanted, domainId: domain.domainId });
      }
    }
  }
  return hosts;
}

/** A domain that leads to a service by a name it no longer has, with the name it has now. */
interface StrayDomain {
  readonly domain: DokployDomain;
  readonly service: string;
}

/**
 * Dokploy deploys nothing while a domain leads to a service that the file lacks. Those of the original stack's names move to
 * the service that answers for them.
 * @throws {DeployError} for any other
 */
async function planDomains(client: DokployClient, stack: Stack, composeId: string): Promise<StrayDomain[]> {
  const containers = buildContainers(stack);
  const names = new Set(containers.map(container => container.name));
  const existing = await client.query<readonly DokployDomain[]>('domain.byComposeId', { composeId });
  return existing.flatMap(domain => {
    const { serviceName } = domain;
    if (serviceName === null || names.has(serviceName)) return [];
    const service = containers.find(container => container.aliases.includes(serviceName))?.name;
    if (service === undefined)
      throw new DeployError(`the domain ${domain.host} leads to ${serviceName}, which this stack has not`, {
        hint: `on Dokploy’s Domains page, give it one of ${[...names].join(', ')}, or delete it`,
      });
    return [{ domain, service }];
  });
}

async function moveDomain(
  client: DokployClient,
  onEvent: (event: DeployEvent) => void,
  { domain, service }: StrayDomain,
): Promise<void> {
  onEvent({ kind: 'step', text: `Moving ${domain.host} from ${domain.serviceName} to ${service}` });
  await client.mutate('domain.update', {
    domainId: domain.domainId,
    host: domain.host,
    port: domain.port,
    https: domain.https,
    certificateType: domain.certificateType,
    customCertResolver: domain.customCertResolver ?? '',
    serviceName: service,
    path: domain.path ?? '/',
  });
}

async function runDeployment(
  client: DokployClient,
  options: DokployOptions,
  composeId: string,
): Promise<void> {
  const list = () => client.query<readonly DokployDeployment[]>('deployment.allByCompose', { composeId });
  const before = new Set((await list()).map(deployment => deployment.deploymentId));
  options.onEvent({ kind: 'step', text: 'Deploying' });
  await client.mutate('compose.deploy', {
    composeId,
    title: `peakstone deploy ${options.project.stack.name}`,
    description: '',
  });
  const until = performance.now() + (options.waitMs ?? 900_000);
  let shown: string | undefined;
  for (;;) {
    await sleep(options.pollMs ?? 2000, undefined, options.signal ? { signal: options.signal } : {});
    const deployment = (await list()).find(candidate => !before.has(candidate.deploymentId));
    const status = deployment?.status ?? 'queued';
    if (status !== shown) options.onEvent({ kind: 'step', text: `Deployment ${status}` });
    shown = status;
    if (deployment?.status === 'done') return;
    if (deployment?.status === 'error' || deployment?.status === 'cancelled')
      throw await failedDeployment(client, deployment);
    if (performance.now() > until) {
      throw new DeployError(`the deployment is still ${status}`, {
        hint: 'it goes on in Dokploy: see its Deployments page',
      });
    }
  }
}

async function failedDeployment(client: DokployClient, deployment: DokployDeployment): Promise<DeployError> {
  const reason = deployment.errorMessage ?? (await lastLine(client, deployment.deploymentId));
  return new DeployError(
    `the deployment ${deployment.status === 'cancelled' ? 'was cancelled' : 'failed'}${reason ? `: ${reason}` : ''}`,
    { hint: 'its whole log is on Dokploy’s Deployments page' },
  );
}

/** Older servers cannot read logs by API; the failure is reported all the same. */
async function lastLine(client: DokployClient, deploymentId: string): Promise<string> {
  try {
    const log = await client.query<unknown>('deployment.readLogs', { deploymentId });
    const text = typeof log === 'string' ? log : JSON.stringify(log);
    return (
      text
        .split('\n')
        .map(line => line.trim())
        .filter(line => line !== '')
        .at(-1) ?? ''
    );
  } catch (error) {
    if (error instanceof DeployError) return '';
    throw error;
  }
}
