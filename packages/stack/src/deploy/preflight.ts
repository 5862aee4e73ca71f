/** What is looked at before a deployment with Compose starts or stops anything, because afterwards it would be too late. */
import { connect } from 'node:net';
import { findService } from '../definition.ts';
import { renderOverride } from '../render/compose.ts';
import { findRow } from '../services/index.ts';
import type { DockerCalls } from './dockerCalls.ts';
import { DeployError } from './errors.ts';
import type { DeployEvent } from './event.ts';
import { explainDocker } from './explain.ts';
import { neighbourOf, refuseClash } from './neighbours.ts';
import {
  type ComposeConfig,
  listContainers,
  refuseEmptyPlace,
  refuseSharedData,
  refuseTakenProject,
} from './otherContainers.ts';
import type { Project } from './project.ts';

/** @throws {DeployError} the network of the proxy does not exist */
export async function refuseMissingNetwork(
  { stack, values }: Project,
  { docker }: DockerCalls,
): Promise<void> {
  if (stack.routes !== 'traefik' && stack.sharedHosts.length === 0) return;
  const name = values.PROXY_NETWORK || 'dokploy-network';
  const { code, stderr } = await docker('network', 'inspect', name);
  if (code === 0) return;
  if (!/no such network|not found/i.test(stderr)) throw explainDocker(stderr, 'docker network inspect');
  throw new DeployError(`the network ${name} does not exist`, {
    hint: `create it (docker network create ${name}), or set PROXY_NETWORK to the network that Traefik is on`,
  });
}

/**
 * @throws {DeployError} what is there already is another stack's: the project's name, the places of data, and behind Traefik names
 *   and hosts
 */
export async function refuseNeighbours(
  { folder, stack, values }: Project,
  calls: DockerCalls,
): Promise<void> {
  const containers = await listContainers(calls);
  if (containers.length === 0) return;
  const { code, stdout, stderr } = await calls.compose('config', '--format', 'json');
  if (code !== 0) throw explainDocker(stderr, 'docker compose config');
  const config = JSON.parse(stdout) as ComposeConfig;
  refuseTakenProject(folder, config, containers);
  refuseSharedData(config, containers);
  await refuseEmptyPlace(config, containers, calls);
  if (stack.routes !== 'traefik') return;
  const behindTraefik = containers.filter(({ labels }) => labels['traefik.enable'] === 'true');
  refuseClash(
    stack,
    values,
    config.name,
    behindTraefik.map(({ labels }) => neighbourOf(labels)),
  );
}

/** What `peakstone` ends with when it did try; anything else is for the start itself to tell. */
const refusedExitCode = 4;

/**
 * Tries the jobs that can be tried while what they need runs: one that fails afterwards leaves a stack that is down. Where nothing
 * runs yet there is nothing to lose.
 * @throws {DeployError} why one could not do its work
 */
export async function rehearse(
  project: Project,
  calls: DockerCalls,
  onEvent: (event: DeployEvent) => void,
): Promise<void> {
  for (const { definition } of project.stack.services) {
    const { rehearsal, needs = [] } = findRow(definition.name) ?? {};
    if (!rehearsal) continue;
    const there = await Promise.all(needs.map(need => runsOrIsElsewhere(project, calls, need)));
    if (!there.every(Boolean)) continue;
    onEvent({ kind: 'step', text: `Trying ${definition.name}` });
    const run = ['run', '--rm', '--no-deps', '--no-TTY', definition.name, ...rehearsal];
    const { code, stderr } = await calls.compose(...run);
    if (code !== refusedExitCode) continue;
    const reason = /^error: (.*)$/m.exec(stderr)?.[1] ?? `${definition.name} could not do its work`;
    throw new DeployError(`${reason} Nothing was stopped.`, {
      hint: 'put the old value back in .env, or change it in the database first',
    });
  }
}

async function runsOrIsElsewhere(
  { stack }: Project,
  { compose }: DockerCalls,
  name: string,
): Promise<boolean> {
  if (findService(stack, name)?.engine === 'external') return true;
  const { code, stdout } = await compose('ps', '--quiet', name);
  return code === 0 && stdout.trim() !== '';
}

/**
 * Looks before Docker does, because its own message comes only after half the containers run.
 * @throws {DeployError} naming the port and its variable
 */
export async function refuseTakenPorts({ stack, values }: Project, { compose }: DockerCalls): Promise<void> {
  const { code, stdout } = await compose('ps', '--quiet');
  // Its own containers hold them: nothing to check.
  if (code === 0 && stdout.trim() !== '') return;
  for (const match of renderOverride(stack).matchAll(/- (?:\$\{(\w+):-)?([\d.]+):(\d+)\}?:\d+/g)) {
    const [, variable, defaultHost, defaultPort] = match;
    const set = variable === undefined ? undefined : values[variable];
    const [host, port] =
      set === undefined || set === '' ? [defaultHost!, Number(defaultPort)] : splitAddress(set);
    if (await isTaken(host, port)) {
      throw new DeployError(`port ${port} on ${host} is taken`, {
        hint: variable
          ? `stop what listens there, or set ${variable} in .env`
          : 'stop what listens there, or change the port in docker-compose.local.yml',
      });
    }
  }
}

function splitAddress(text: string): [host: string, port: number] {
  const at = text.lastIndexOf(':');
  return at === -1 ? ['0.0.0.0', Number(text)] : [text.slice(0, at), Number(text.slice(at + 1))];
}

function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: host === '0.0.0.0' ? '127.0.0.1' : host, port, timeout: 1000 });
    const settle = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket
      .once('connect', () => settle(true))
      .once('error', () => settle(false))
      .once('timeout', () => settle(false));
  });
}
