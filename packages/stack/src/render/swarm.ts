// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/**
 * Prints a stack for `docker stack deploy`: replicas and rolling updates for stateless services, placement for stateful ones,
 * jobs that run once. Swarm has neither start order nor inline configuration: services retry their connections, and files are
 * Swarm configs named by their content, filled in from the container's environment so that no secret lies in one.
 */
import type { ConfigFile, ContainerSpec } from '../container/spec.ts';
import type { Limits, Stack } from '../definition.ts';
import { healthModel, logLabels, mountText, volumeNames } from './compose.ts';
import { buildContainers } from './containers.ts';
import { contentName } from './contentName.ts';
import { routeLabels } from './routes.ts';
import { toYaml } from './yaml.ts';

export interface SwarmFiles {
  /** The stack file. */
  readonly stack: string;
  /** Path beside the stack file to content. */
  readonly configs: ReadonlyMap<string, string>;
}

/** Pure. @throws {StackConfigError} from {@link buildContainers} */
export function renderSwarm(stack: Stack): SwarmFiles {
  const containers = buildContainers(stack);
  const configs = new Map<string, string>();
  const declared: Record<string, unknown> = {};
  for (const file of containers.flatMap(container => container.files ?? [])) {
    const content = templateContent(file);
    const path = `configs/${file.name}`;
    configs.set(path, content);
    declared[file.name] = {
      name: `${stack.name}_${contentName({ name: file.name, content })}`,
      file: `./${path}`,
      ...(content.includes('{{ env ') ? { template_driver: 'golang' } : {}),
    };
  }
  const routed = containers.some(container => isProxied(stack, container));
  const model = {
    services: Object.fromEntries(
      containers.map(container => [container.name, swarmService(stack, container)]),
    ),
    networks: {
      default: { driver: 'overlay', attachable: true },
      ...(routed ? { proxy: { name: '${PROXY_NETWORK:-dokploy-network}', external: true } } : {}),
    },
    volumes: Object.fromEntries(volumeNames(containers).map(name => [name, {}])),
    ...(Object.keys(declared).length === 0 ? {} : { configs: declared }),
  };
  const head =
    'Rendered by `peakstone compose --swarm`: change peakstone.config.ts, not this file.\nDeploy: peakstone deploy swarm (docker stack deploy does not read .env; that command does).';
  return { stack: toYaml(flatten(model), head), configs };
}

function swarmService(stack: Stack, container: ContainerSpec): Record<string, unknown> {
  const proxied = isProxied(stack, container);
  const { sharedAliases } = container;
  // The stack command ignores the key `tmpfs`, and says nothing.
  const folders = [
    ...(container.tmpfs ?? []),
    ...(container.sharedMemoryMb === undefined ? [] : ['/dev/shm']),
  ];
  const mounts = [
    ...(container.volumes ?? []).map(mountText),
    ...folders.map(target => ({ type: 'tmpfs', target })),
  ];
  return {
    image: container.image,
    ...(container.entrypoint ? { entrypoint: container.entrypoint } : {}),
    ...(container.command ? { command: container.command } : {}),
    ...(Object.keys(container.environment).length > 0 ? { environment: container.environment } : {}),
    ...(container.files
      ? { configs: container.files.map(file => ({ source: file.name, target: file.target })) }
      : {}),
    ...(mounts.length > 0 ? { volumes: mounts } : {}),
    ...(container.health ? { healthcheck: healthModel(container.health) } : {}),
    networks: {
      default: { aliases: container.aliases },
      ...(proxied ? { proxy: sharedAliases.length > 0 ? { aliases: sharedAliases } : {} } : {}),
    },
    // The log agent reads container labels; Traefik reads the service's, under deploy.
    ...(container.logLabel === undefined ? {} : { labels: logLabels(stack, container) }),
    ...(container.hardened
      ? {
          read_only: true,
          cap_drop: ['ALL'],
          ...(container.capabilities ? { cap_add: container.capabilities } : {}),
        }
      : {}),
    ...(container.stopGraceS === undefined ? {} : { stop_grace_period: `${container.stopGraceS}s` }),
    deploy: { ...deployModel(stack, container), resources: { limits: limitModel(container.limits) } },
  };
}

/** Whether the proxy, or another app, is to reach it: there are no domains of Dokploy's in a Swarm, labels do it. */
function isProxied(stack: Stack, container: ContainerSpec): boolean {
  return isRouted(stack, container) || container.sharedAliases.length > 0;
}

function isRouted(stack: Stack, container: ContainerSpec): boolean {
  return (stack.routes === 'traefik' || stack.routes === 'dokploy') && container.routes.length > 0;
}

function limitModel({ memoryMb, cpus, pids }: Limits): Record<string, unknown> {
  return {
    ...(memoryMb === 0 ? {} : { memory: `${memoryMb}M` }),
    ...(cpus === 0 ? {} : { cpus: String(cpus) }),
    ...(pids === 0 ? {} : { pids }),
  };
}

/** Where the volumes are. */
const besideData = { placement: { constraints: ['node.labels.peakstone.data == true'] } };

function deployModel(stack: Stack, container: ContainerSpec): Record<string, unknown> {
  const labels = isRouted(stack, container)
    ? { labels: routeLabels(stack, container.routes, '${PROXY_NETWORK:-dokploy-network}', 'swarm') }
    : {};
  if (container.job) {
    // A job ends well once; until the database answers it fails, and is tried again.
    return {
      mode: 'replicated-job',
      replicas: 1,
      ...(container.volumes ? besideData : {}),
      restart_policy: { condition: 'on-failure', delay: '5s', max_attempts: 60 },
    };
  }
  const restart = { restart_policy: { condition: 'any', delay: '2s' } };
  if (container.everyNode) return { mode: 'global', ...restart };
  const spread = stack.endpointMode === 'dnsrr' ? { endpoint_mode: 'dnsrr' } : {};
  if (container.stateful) {
    return {
      replicas: 1,
      ...spread,
      ...besideData,
      // One owner of a volume at a time.
      update_config: { order: 'stop-first', failure_action: 'rollback' },
      ...restart,
      ...labels,
    };
  }
  return {
    replicas: stack.replicas[container.name] ?? 2,
    ...spread,
    update_config: {
      parallelism: 1,
      delay: '5s',
      order: 'start-first',
      failure_action: 'rollback',
      monitor: '15s',
    },
    rollback_config: { parallelism: 1, order: 'start-first' },
    ...restart,
    ...labels,
  };
}

/** Swarm fills `{{ env "NAME" }}` from the container's own environment when it starts. */
function templateContent(file: ConfigFile): string {
  // Text that has no variable stays untouched: a dashboard's own {{ }} must survive.
  if (!/(?<!\$)\$\{/.test(file.content)) return file.content.replaceAll('$$', '$');
  return file.content.replace(/\$\$|\$\{([A-Z0-9_]+)(?::-[^}]*)?\}/g, (match, name: string | undefined) =>
    match === '$$' ? '$' : `{{ env "${name}" }}`,
  );
}

/** `${A:-x${B}y}` to `x${B}y`: the stack command's interpolation does not nest. */
function flatten<T>(value: T): T {
  if (typeof value === 'string')
    return value.replace(/\$\{[A-Z0-9_]+:-([^{}]*\$\{[^{}]*\}(?:[^{}]|\$\{[^{}]*\})*)\}/g, '$1') as T;
  if (Array.isArray(value)) return value.map(flatten) as T;
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, flatten(inner)])) as T;
  return value;
}
