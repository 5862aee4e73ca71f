/** Deploys with Docker Compose on this machine: render, compare with what is there, validate, write, start. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@peakstone/kernel/durable';
import { renderCaddy } from '../render/caddy.ts';
import { renderCompose, renderOverride } from '../render/compose.ts';
import type { RunCommand } from './command.ts';
import { renderDiff } from './diff.ts';
import { type DockerCalls, dockerCalls } from './dockerCalls.ts';
import { checkEnvironment } from './doctor.ts';
import { DeployError } from './errors.ts';
import type { DeployEvent } from './event.ts';
import { explainDocker } from './explain.ts';
import { refuseMissingNetwork, refuseNeighbours, refuseTakenPorts, rehearse } from './preflight.ts';
import type { Project } from './project.ts';

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
  const calls = dockerCalls(
    options,
    files.map(([path]) => path),
  );
  await validate(options, calls, files);
  if (!options.write && !options.up) return;
  for (const [path, content] of files) replaceFile(join(project.folder, path), content);
  if (!options.up) return;
  await refuseMissingNetwork(project, calls);
  await refuseNeighbours(project, calls);
  await rehearse(project, calls, onEvent);
  if (options.local) await refuseTakenPorts(project, calls);
  onEvent({ kind: 'step', text: 'Starting the containers' });
  const wait = ['--wait', '--wait-timeout', String(Math.ceil((options.waitMs ?? 300_000) / 1000))];
  const pull = options.pull ? [] : ['--pull', 'never'];
  const up = await calls.compose('up', '--detach', '--remove-orphans', ...wait, ...pull);
  if (up.code !== 0) throw explainDocker(up.stderr, 'docker compose up');
}

/** What the doctor calls an error stops a deployment; a warning is shown. @throws {DeployError} naming every variable. */
export function refuseUnsafe(project: Project, onEvent: (event: DeployEvent) => void): void {
  const problems = checkEnvironment(project.stack, project.values, project.envText);
  for (const problem of problems) {
    if (problem.level === 'warning')
      onEvent({ kind: 'warning', text: `${problem.name}: ${problem.message}`, hint: problem.hint });
  }
  const errors = problems.filter(problem => problem.level === 'error');
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

/** Docker's own judgement, before anything is written: files beside the real ones, removed after. */
async function validate(
  { project, onEvent }: ComposeOptions,
  { docker }: DockerCalls,
  files: readonly (readonly [string, string])[],
): Promise<void> {
  onEvent({ kind: 'step', text: 'Validating with docker compose' });
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(join(tmpdir(), 'peakstone-compose-'));
  try {
    for (const [path, content] of files) await writeFile(join(folder, path), content);
    const named = files.flatMap(([path]) => ['-f', join(folder, path)]);
    const { code, stderr } = await docker(
      ...['compose', '--project-directory', project.folder, ...named, 'config', '--quiet'],
    );
    if (code !== 0) throw explainDocker(stderr, 'docker compose config');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
