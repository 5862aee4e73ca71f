/**
 * Containers that are on this machine already, and what of theirs a deployment would take: the Compose project's name, by which
 * Compose replaces containers as its own, and the places of data, which two servers on one destroy.
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { DockerCalls } from './dockerCalls.ts';
import { DeployError } from './errors.ts';
import { explainDocker } from './explain.ts';

export interface OtherContainer {
  readonly name: string;
  readonly isRunning: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

interface Mount {
  /** Of a volume its name, of anything else its path on this machine. */
  readonly place: string;
  readonly target: string;
  readonly isWritable: boolean;
}

/** The part of `docker compose config` that says whose project it is and where its data are. */
export interface ComposeConfig {
  readonly name: string;
  readonly services?: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, { readonly name?: string }>>;
}

interface ComposeService {
  readonly volumes?: readonly {
    readonly type: string;
    readonly source?: string;
    readonly target: string;
    readonly read_only?: boolean;
  }[];
}

const PROJECT = 'com.docker.compose.project';
const SERVICE = 'com.docker.compose.service';
const FOLDER = 'com.docker.compose.project.working_dir';

const FORMAT =
  '{"Name":{{json .Name}},"Running":{{json .State.Running}},"Labels":{{json .Config.Labels}},"Mounts":{{json .Mounts}}}';

/** All of this machine, ended ones as well. @throws {DeployError} Docker does not answer */
export async function listContainers({ docker }: DockerCalls): Promise<readonly OtherContainer[]> {
  const list = await docker('ps', '--all', '--quiet');
  if (list.code !== 0) throw explainDocker(list.stderr, 'docker ps');
  const ids = list.stdout.split('\n').filter(id => id !== '');
  if (ids.length === 0) return [];
  // One that has been removed meanwhile makes the exit code 1; the others are told all the same.
  const { stdout } = await docker('inspect', '--type', 'container', '--format', FORMAT, ...ids);
  return stdout
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(readContainer);
}

interface Inspected {
  readonly Name: string;
  readonly Running: boolean;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Source: string;
    readonly Destination: string;
    readonly RW: boolean;
  }[];
}

function readContainer(line: string): OtherContainer {
  const { Name, Running, Labels, Mounts } = JSON.parse(line) as Inspected;
  return {
    name: Name.replace(/^\//, ''),
    isRunning: Running,
    labels: Labels ?? {},
    mounts: Mounts.map(mount => ({
      place: mount.Type === 'volume' ? (mount.Name ?? '') : samePath(mount.Source),
      target: mount.Destination,
      isWritable: mount.RW,
    })),
  };
}

/** @throws {DeployError} the project's name is that of another folder, whose containers Compose would replace */
export function refuseTakenProject(
  folder: string,
  { name }: ComposeConfig,
  containers: readonly OtherContainer[],
): void {
  for (const { labels } of containers) {
    const other = labels[FOLDER];
    if (labels[PROJECT] !== name || other === undefined || samePath(other) === samePath(folder)) continue;
    throw new DeployError(
      `the Compose project '${name}' is the stack in ${other}, which this one would replace`,
      {
        hint: `give this one a name of its own: COMPOSE_PROJECT_NAME in .env, or --project-name. If it is the same stack in a new folder, take the old containers down first: docker compose --project-name '${name}' down`,
      },
    );
  }
}

/** @throws {DeployError} a running container of another project writes to a place that this one's would write to */
export function refuseSharedData(config: ComposeConfig, containers: readonly OtherContainer[]): void {
  for (const [service, mount] of dataMounts(config)) {
    for (const { name, isRunning, labels, mounts } of containers) {
      if (!isRunning || labels[PROJECT] === config.name) continue;
      const isShared = mounts.some(
        ({ place, target, isWritable }) => isWritable && place === mount.place && target === mount.target,
      );
      if (!isShared) continue;
      throw new DeployError(`the container ${name} keeps its data in ${mount.place}, as ${service} would`, {
        hint: `two servers on one folder destroy it: stop that one first (docker stop ${name}), or give this stack a place of its own in .env`,
      });
    }
  }
}

/**
 * @throws {DeployError} a service that runs would go on with an empty place, as a setting that says where its data are has
 *   changed and they were not moved
 */
export async function refuseEmptyPlace(
  config: ComposeConfig,
  containers: readonly OtherContainer[],
  { docker }: DockerCalls,
): Promise<void> {
  for (const [service, { place, target }] of dataMounts(config)) {
    const running = containers.find(
      ({ labels }) => labels[PROJECT] === config.name && labels[SERVICE] === service,
    );
    const before = running?.mounts.find(mount => mount.target === target && mount.isWritable)?.place;
    if (before === undefined || before === place) continue;
    const isEmpty = path.isAbsolute(place)
      ? !existsSync(place) || readdirSync(place).length === 0
      : (await docker('volume', 'inspect', place)).code !== 0;
    if (!isEmpty) continue;
    throw new DeployError(`the data of ${service} are in ${before}, and ${place} is empty`, {
      hint: 'put the setting back; or stop the stack, move the data there, and deploy again',
    });
  }
}

/** Places that services write to, by service. */
function dataMounts({ services = {}, volumes = {} }: ComposeConfig): [service: string, mount: Mount][] {
  return Object.entries(services).flatMap(([service, { volumes: mounts = [] }]) =>
    mounts.flatMap(({ type, source, target, read_only }): [string, Mount][] => {
      if (read_only || source === undefined || (type !== 'bind' && type !== 'volume')) return [];
      const place = type === 'volume' ? (volumes[source]?.name ?? source) : samePath(source);
      return [[service, { place, target, isWritable: true }]];
    }),
  );
}

/** One spelling for each folder, be it there or not. */
function samePath(folder: string): string {
  const whole = path.resolve(folder);
  return existsSync(whole) ? realpathSync(whole) : whole;
}
