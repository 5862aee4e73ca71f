/** Deploys to Docker Swarm: render, hand over with the environment, and wait until every service has the replicas it should. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolders, replaceFile } from '@peakstone/kernel/durable';
import { assertOwnDownTo } from '../project/ownership.ts';
import { buildContainers } from '../render/containers.ts';
import { renderSwarm } from '../render/swarm.ts';
import { type CommandResult, type RunCommand, runCommand } from './command.ts';
import { refuseUnsafe } from './compose.ts';
import { renderDiff } from './diff.ts';
import { DeployError } from './errors.ts';
import type { DeployEvent } from './event.ts';
import { explainDocker, explainSpawn } from './explain.ts';
import { readNeighbours, refuseClash } from './neighbours.ts';
import type { Project } from './project.ts';

export interface SwarmOptions {
  readonly project: Project;
  /** The stack's name in Swarm. Default: the definition's. */
  readonly stackName?: string;
  /** Folder for the stack file and its configs. Default `.peakstone/swarm` in the project's. */
  readonly folder?: string;
  /** Ask the registry for the newest image of each tag. */
  readonly pull: boolean;
  /** Show what would change and refuse what cannot be deployed; write and deploy nothing. */
  readonly dryRun?: boolean;
  /** Milliseconds until all replicas must run. Default 600 000. */
  readonly waitMs?: number;
  readonly onEvent: (event: DeployEvent) => void;
  readonly signal?: AbortSignal;
  readonly run?: RunCommand;
}

/**
 * Effects: writes the stack file, changes the swarm. Running services keep serving: stateless ones roll, one replica at a time,
 * and Swarm rolls back by itself when a new replica is not healthy.
 * @throws {DeployError} no manager, a missing network or variable, a rolled back update, or not converged in time.
 */
export async function deploySwarm(options: SwarmOptions): Promise<void> {
  const { project, onEvent } = options;
  refuseUnsafe(project, onEvent);
  const name = options.stackName ?? project.stack.name;
  const folder = options.folder ?? join(project.folder, '.peakstone', 'swarm');
  const files = renderSwarm(project.stack);
  const all: readonly (readonly [path: string, content: string])[] = [
    ['stack.yml', files.stack],
    ...files.configs,
  ];
  if (options.dryRun) await showChanges(folder, all, onEvent);
  else {
    // What Docker reads there is what was written.
    if (options.folder === undefined) assertOwnDownTo(project.folder, folder);
    writeFiles(folder, all);
  }
  await refuseMissing(options);
  if (options.dryRun) return;
  onEvent({ kind: 'step', text: `Deploying stack ${name}` });
  // The stack command reads no .env: the variables travel as its environment.
  const env = { ...process.env, ...project.values };
  const args = [
    'stack',
    'deploy',
    '--compose-file',
    join(folder, 'stack.yml'),
    '--prune',
    '--with-registry-auth',
    '--resolve-image',
    options.pull ? 'always' : 'never',
    name,
  ];
  const before = await inspectUpdates(options, await listServices(options, name));
  const { code, stderr } = await docker(options, args, env);
  if (code !== 0) throw explainDocker(stderr, 'docker stack deploy');
  await waitForReplicas(options, name, before);
}

async function showChanges(
  folder: string,
  files: readonly (readonly [path: string, content: string])[],
  onEvent: SwarmOptions['onEvent'],
): Promise<void> {
  for (const [path, content] of files) {
    const target = join(folder, path);
    const before = existsSync(target) ? await readFile(target, 'utf8') : '';
    onEvent({ kind: 'diff', path, text: renderDiff(path, before, content) });
  }
}

/**
 * Puts one service back to what ran before its last update.
 * @throws {DeployError} there is nothing to go back to
 */
export async function rollbackSwarm(
  options: Pick<SwarmOptions, 'project' | 'stackName' | 'onEvent' | 'run' | 'signal'>,
  service: string,
): Promise<void> {
  const name = options.stackName ?? options.project.stack.name;
  const { code, stderr } = await docker(options, [
    'service',
    'rollback',
    '--detach=false',
    `${name}_${service}`,
  ]);
  if (code !== 0) throw explainDocker(stderr, 'docker service rollback');
}

interface ServiceState {
  readonly name: string;
  readonly running: number;
  readonly wanted: number;
  readonly job: boolean;
}

/** `2/3`, or `0/1 (1/1 completed)` for a job. */
export function parseReplicas(text: string): {
  readonly running: number;
  readonly wanted: number;
  readonly job: boolean;
} {
  const job = /\((\d+)\/(\d+) completed\)/.exec(text);
  if (job) return { running: Number(job[1]), wanted: Number(job[2]), job: true };
  const plain = /^(\d+)\/(\d+)/.exec(text);
  return { running: Number(plain?.[1] ?? 0), wanted: Number(plain?.[2] ?? 0), job: false };
}

async function waitForReplicas(
  options: SwarmOptions,
  name: string,
  before: ReadonlyMap<string, Update>,
): Promise<void> {
  const until = performance.now() + (options.waitMs ?? 600_000);
  let shown = '';
  for (;;) {
    const states = await listServices(options, name);
    const late = states.filter(state => state.running < state.wanted);
    const updating = await updatingServices(options, states, before);
    if (late.length === 0 && updating.length === 0 && states.length > 0) return;
    const text = `Waiting for ${[...late.map(state => `${state.name} ${state.running}/${state.wanted}`), ...updating.map(each => `${each} to roll`)].join(', ')}`;
    if (text !== shown) options.onEvent({ kind: 'step', text });
    shown = text;
    if (performance.now() > until) {
      const first = late[0]?.name ?? updating[0] ?? name;
      throw new DeployError(`${first} did not come up in time`, {
        hint: `see why: docker service ps --no-trunc ${first}`,
      });
    }
    await sleep(1000, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** Services of the stack; none before its first deployment. */
async function listServices(options: SwarmOptions, name: string): Promise<ServiceState[]> {
  const format = '{{.Name}}\t{{.Replicas}}';
  const { code, stdout, stderr } = await docker(options, ['stack', 'services', name, '--format', format]);
  if (code !== 0) {
    if (/nothing found in stack/i.test(stderr)) return [];
    throw explainDocker(stderr, 'docker stack services');
  }
  return stdout
    .split('\n')
    .filter(line => line.includes('\t'))
    .map(line => {
      const [service = '', replicas = ''] = line.split('\t');
      return { name: service, ...parseReplicas(replicas) };
    });
}

/** What Swarm says of a service's last update. */
interface Update {
  /** What its tasks shall be, as JSON. */
  readonly template: string;
  readonly state: string;
  readonly startedAt: string;
  readonly message: string;
}

async function inspectUpdates(
  options: SwarmOptions,
  states: readonly ServiceState[],
): Promise<Map<string, Update>> {
  if (states.length === 0) return new Map();
  const status =
    '{{if .UpdateStatus}}{{.UpdateStatus.State}}\t{{.UpdateStatus.StartedAt}}\t{{.UpdateStatus.Message}}{{end}}';
  const format = `{{.Spec.Name}}\t{{json .Spec.TaskTemplate}}\t${status}`;
  const names = states.map(state => state.name);
  const { code, stdout, stderr } = await docker(options, [
    'service',
    'inspect',
    '--format',
    format,
    ...names,
  ]);
  if (code !== 0) throw explainDocker(stderr, 'docker service inspect');
  const updates = new Map<string, Update>();
  for (const line of stdout.split('\n')) {
    const [service = '', template = '', state = '', startedAt = '', message = ''] = line.split('\t');
    if (service !== '') updates.set(service, { template, state, startedAt, message });
  }
  return updates;
}

/**
 * Services whose update is under way, or about to be: Swarm takes a moment to begin. What an earlier deployment left
 * behind is not this one's failure.
 * @throws {DeployError} one was rolled back.
 */
async function updatingServices(
  options: SwarmOptions,
  states: readonly ServiceState[],
  before: ReadonlyMap<string, Update>,
): Promise<string[]> {
  const updating: string[] = [];
  for (const [service, update] of await inspectUpdates(options, states)) {
    const old = before.get(service);
    const begun = old === undefined || update.startedAt !== old.startedAt;
    if (begun && (update.state === 'paused' || update.state.startsWith('rollback'))) {
      throw new DeployError(`the update of ${service} was rolled back: ${update.message}`, {
        hint: `see why: docker service ps --no-trunc ${service}`,
      });
    }
    const job = states.some(state => state.name === service && state.job);
    const pending = !job && !begun && update.template !== old.template;
    if (pending || (begun && update.state === 'updating')) updating.push(service);
  }
  return updating;
}

async function refuseMissing(options: SwarmOptions): Promise<void> {
  const info = await docker(options, ['info', '--format', '{{.Swarm.ControlAvailable}}']);
  if (info.code !== 0) throw explainDocker(info.stderr, 'docker info');
  if (info.stdout.trim() !== 'true')
    throw new DeployError('this Docker engine is no Swarm manager', {
      hint: 'make it one: docker swarm init',
    });
  const { routes } = options.project.stack;
  if (routes !== 'traefik' && routes !== 'dokploy') return;
  const network = options.project.values.PROXY_NETWORK || 'dokploy-network';
  const inspect = await docker(options, ['network', 'inspect', '--format', '{{.Scope}}', network]);
  if (inspect.code !== 0 || inspect.stdout.trim() !== 'swarm') {
    throw new DeployError(
      `the network ${network} ${inspect.code === 0 ? 'is not an overlay network' : 'does not exist'}`,
      {
        hint: `create it (docker network create --driver overlay --attachable ${network}), or set PROXY_NETWORK to the network that Traefik is on`,
      },
    );
  }
  await refuseSmallNodes(options);
  await refuseNeighbours(options);
}

/** A container that may use more processors than its node has is refused there, and the task tried for ever. */
async function refuseSmallNodes(options: SwarmOptions): Promise<void> {
  const containers = buildContainers(options.project.stack);
  const greatest = containers.reduce((most, next) => (next.limits.cpus > most.limits.cpus ? next : most));
  const list = await docker(options, ['node', 'ls', '--quiet']);
  const ids = list.stdout.split('\n').filter(id => id !== '');
  if (list.code !== 0 || ids.length === 0) return;
  const format = '{{.Description.Hostname}}\t{{.Description.Resources.NanoCPUs}}';
  const { stdout } = await docker(options, ['node', 'inspect', '--format', format, ...ids]);
  for (const line of stdout.split('\n')) {
    const [node, nanoCpus] = line.split('\t');
    const cpus = Number(nanoCpus) / 1e9;
    if (!(cpus < greatest.limits.cpus)) continue;
    throw new DeployError(
      `the node ${node} has fewer processors (${cpus}) than ${greatest.name} may use (${greatest.limits.cpus})`,
      {
        hint: `say so in peakstone.config.ts: limits: { ${JSON.stringify(greatest.name)}: { cpus: ${cpus} } }`,
      },
    );
  }
}

async function refuseNeighbours(options: SwarmOptions): Promise<void> {
  const { stack, values } = options.project;
  const list = await docker(options, ['service', 'ls', '--quiet', '--filter', 'label=traefik.enable=true']);
  if (list.code !== 0) throw explainDocker(list.stderr, 'docker service ls');
  const ids = list.stdout.split('\n').filter(id => id !== '');
  if (ids.length === 0) return;
  const { stdout } = await docker(options, [
    'service',
    'inspect',
    '--format',
    '{{json .Spec.Labels}}',
    ...ids,
  ]);
  refuseClash(stack, values, options.stackName ?? stack.name, readNeighbours(stdout));
}

function writeFiles(folder: string, files: readonly (readonly [path: string, content: string])[]): void {
  for (const [path, content] of files) {
    const target = join(folder, path);
    makeFolders(dirname(target));
    replaceFile(target, content);
  }
}

async function docker(
  options: Pick<SwarmOptions, 'project' | 'onEvent' | 'run' | 'signal'>,
  args: readonly string[],
  env?: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  try {
    return await (options.run ?? runCommand)('docker', args, {
      cwd: options.project.folder,
      ...(env ? { env } : {}),
      onLine: text => options.onEvent({ kind: 'output', text }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    throw explainSpawn(error, 'docker');
  }
}
