/** Deploys with Docker Compose on this machine: render, compare with what is there, validate, write, start. */
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { renderCaddy } from '../render/caddy.ts';
import { renderCompose, renderOverride } from '../render/compose.ts';
import { type RunCommand, runCommand } from './command.ts';
import { renderDiff } from './diff.ts';
import { checkEnvironment } from './doctor.ts';
import { DeployError } from './errors.ts';
import { explainDocker, explainSpawn } from './explain.ts';
import { readNeighbours, refuseClash } from './neighbours.ts';
import type { Project } from './project.ts';

/** What happens, for progress lines. */
export type DeployEvent =
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'diff'; readonly path: string; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string; readonly hint: string }
  | { readonly kind: 'output'; readonly text: string };

export interface ComposeOptions {
  readonly project: Project;
  /** Compose's project name; default: the folder's, as Compose has it. */
  readonly projectName?: string;
  /** Write the files; otherwise only show what would change. */
  readonly write: boolean;
  /** Start it, and wait until it is healthy. Implies `write`. */
  readonly up: boolean;
  /** With local ports published. */
  readonly local: boolean;
  /** Use the images that are here. */
  readonly pull: boolean;
  /** Milliseconds until everything must be healthy. Default 300 000. */
  readonly waitMs?: number;
  readonly onEvent: (event: DeployEvent) => void;
  readonly signal?: AbortSignal;
  readonly run?: RunCommand;
}

/**
 * Effects: writes the Compose files, runs docker.
 * @throws {DeployError} the environment is unsafe, Docker refuses the file, a port is taken, a network or image is missing …
 */
export async function deployCompose(options: ComposeOptions): Promise<void> {
  const { project, onEvent } = options;
  refuseUnsafe(project, onEvent);
  const files = composeFiles(options);
  for (const [path, content] of files) {
    const target = join(project.folder, path);
    const before = existsSync(target) ? await readFile(target, 'utf8') : '';
    onEvent({ kind: 'diff', path, text: renderDiff(path, before, content) });
  }
  await validate(options, files);
  if (!options.write && !options.up) return;
  for (const [path, content] of files) await replaceFile(join(project.folder, path), content);
  if (!options.up) return;
  await refuseMissingNetwork(options);
  await refuseNeighbours(options, files);
  if (options.local) await refuseTakenPorts(options);
  onEvent({ kind: 'step', text: 'Starting the containers' });
  const wait = Math.ceil((options.waitMs ?? 300_000) / 1000);
  await docker(
    options,
    [
      ...base(options, files),
      'up',
      '--detach',
      '--remove-orphans',
      '--wait',
      '--wait-timeout',
      String(wait),
      ...(options.pull ? [] : ['--pull', 'never']),
    ],
    'docker compose up',
  );
}

/** What the doctor calls an error stops a deployment; a warning is shown. @throws {DeployError} naming every variable. */
export function refuseUnsafe(project: Project, onEvent: (event: DeployEvent) => void): void {
  const findings = checkEnvironment(project.stack, project.values, project.envText);
  for (const finding of findings) {
    if (finding.level === 'warning')
      onEvent({ kind: 'warning', text: `${finding.name}: ${finding.message}`, hint: finding.hint });
  }
  const errors = findings.filter(finding => finding.level === 'error');
  const [first, ...others] = errors;
  if (!first) return;
  if (project.envText === '' && errors.length > 3)
    throw new DeployError(`there is no .env in ${project.folder}`, {
      hint: 'make one with every secret: peakstone deploy env',
    });
  const more = others.length === 0 ? '' : ` (and ${others.length} more: peakstone doctor --deploy)`;
  throw new DeployError(`${first.name}: ${first.message}${more}`, { hint: first.hint });
}

function composeFiles({ project, local }: ComposeOptions): [path: string, content: string][] {
  const files: [string, string][] = [['docker-compose.yml', renderCompose(project.stack)]];
  if (project.stack.routes === 'caddy') files.push(['docker-compose.caddy.yml', renderCaddy(project.stack)]);
  if (local) files.push(['docker-compose.local.yml', renderOverride(project.stack)]);
  return files;
}

function base(
  { project, projectName }: ComposeOptions,
  files: readonly (readonly [string, string])[],
): string[] {
  return [
    'compose',
    '--project-directory',
    project.folder,
    ...(projectName ? ['--project-name', projectName] : []),
    ...files.flatMap(([path]) => ['-f', join(project.folder, path)]),
  ];
}

/** Docker's own judgement, before anything is written: files beside the real ones, removed after. */
async function validate(
  options: ComposeOptions,
  files: readonly (readonly [string, string])[],
): Promise<void> {
  options.onEvent({ kind: 'step', text: 'Validating with docker compose' });
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(join(tmpdir(), 'peakstone-compose-'));
  try {
    for (const [path, content] of files) await writeFile(join(folder, path), content);
    const args = [
      'compose',
      '--project-directory',
      options.project.folder,
      ...files.flatMap(([path]) => ['-f', join(folder, path)]),
      'config',
      '--quiet',
    ];
    await docker(options, args, 'docker compose config');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function refuseMissingNetwork(options: ComposeOptions): Promise<void> {
  if (options.project.stack.routes !== 'traefik') return;
  const name = options.project.values.PROXY_NETWORK || 'dokploy-network';
  const { code, stderr } = await runDocker(options, ['network', 'inspect', name]);
  if (code === 0) return;
  if (!/no such network|not found/i.test(stderr)) throw explainDocker(stderr, 'docker network inspect');
  throw new DeployError(`the network ${name} does not exist`, {
    hint: `create it (docker network create ${name}), or set PROXY_NETWORK to the network that Traefik is on`,
  });
}

/** Compose's name for this project, as its own rules make it. */
async function projectNameOf(
  options: ComposeOptions,
  files: readonly (readonly [string, string])[],
): Promise<string> {
  const { code, stdout, stderr } = await runDocker(options, [
    ...base(options, files),
    'config',
    '--format',
    'json',
  ]);
  if (code !== 0) throw explainDocker(stderr, 'docker compose config');
  return (JSON.parse(stdout) as { name: string }).name;
}

async function refuseNeighbours(
  options: ComposeOptions,
  files: readonly (readonly [string, string])[],
): Promise<void> {
  const { stack, values } = options.project;
  if (stack.routes !== 'traefik') return;
  const list = await runDocker(options, ['ps', '--quiet', '--filter', 'label=traefik.enable=true']);
  if (list.code !== 0) throw explainDocker(list.stderr, 'docker ps');
  const ids = list.stdout.split('\n').filter(id => id !== '');
  if (ids.length === 0) return;
  const format = ['--format', '{{json .Config.Labels}}'];
  // One that has ended meanwhile makes the exit code 1; the others are told all the same.
  const { stdout } = await runDocker(options, ['inspect', '--type', 'container', ...format, ...ids]);
  refuseClash(stack, values, await projectNameOf(options, files), readNeighbours(stdout));
}

/** Looks before Docker does, because its own message comes only after half the containers run. */
async function refuseTakenPorts(options: ComposeOptions): Promise<void> {
  const { code, stdout } = await runDocker(options, [
    ...base(options, composeFiles(options)),
    'ps',
    '--quiet',
  ]);
  // Its own containers hold them: nothing to check.
  if (code === 0 && stdout.trim() !== '') return;
  for (const match of renderOverride(options.project.stack).matchAll(
    /- (?:\$\{(\w+):-)?([\d.]+):(\d+)\}?:\d+/g,
  )) {
    const [, variable, defaultHost, defaultPort] = match;
    const set = variable === undefined ? undefined : options.project.values[variable];
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

/** Whole or not at all: a crash leaves the old file. */
async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

async function docker(options: ComposeOptions, args: readonly string[], what: string): Promise<void> {
  const { code, stderr } = await runDocker(options, args);
  if (code !== 0) throw explainDocker(stderr, what);
}

async function runDocker(options: ComposeOptions, args: readonly string[]) {
  const run = options.run ?? runCommand;
  try {
    return await run('docker', args, {
      cwd: options.project.folder,
      onLine: text => options.onEvent({ kind: 'output', text }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    throw explainSpawn(error, 'docker');
  }
}
