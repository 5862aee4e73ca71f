// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/** Prints a stack's containers as a Compose file, by Dokploy's rules; and the override file that publishes local ports. */

import type { ContainerSpec, Health, Mount } from '../container/spec.ts';
import type { Limits, Stack } from '../definition.ts';
import { buildContainers } from './containers.ts';
import { contentName } from './contentName.ts';
import { routeLabels } from './routes.ts';
import { toYaml } from './yaml.ts';

/** Where the reverse proxy is, and other apps are. */
const proxyNetwork = { name: '${PROXY_NETWORK:-dokploy-network}', external: true };

/** Its key in the file. Dokploy adds services that have a domain under its own, and leaves those alone that are there already. */
function proxyKey(stack: Stack): string {
  return stack.routes === 'dokploy' ? 'dokploy-network' : 'proxy';
}

/**
 * `docker-compose.yml`. No version key, no container names, no host ports, no host folders of the checkout; configuration inline;
 * every variable interpolated. Pure.
 * @throws {StackConfigError} from {@link buildContainers}
 */
export function renderCompose(stack: Stack): string {
  return toYaml(composeModel(stack, buildContainers(stack)), composeHead(stack));
}

/** The model behind the YAML, for templates that change it. */
export function composeModel(stack: Stack, containers: readonly ContainerSpec[]): Record<string, unknown> {
  const proxied = containers.some(container => isProxied(stack, container));
  const services = Object.fromEntries(
    containers.map(container => [container.name, composeService(stack, container)]),
  );
  const volumes = volumeNames(containers);
  const files = containers.flatMap(container => container.files ?? []);
  return {
    services,
    networks: { default: {}, ...(proxied ? { [proxyKey(stack)]: proxyNetwork } : {}) },
    ...(volumes.length === 0 ? {} : { volumes: Object.fromEntries(volumes.map(name => [name, {}])) }),
    ...(files.length === 0
      ? {}
      : { configs: Object.fromEntries(files.map(file => [contentName(file), { content: file.content }])) }),
  };
}

/** Publishes each service's port on this machine: `docker compose -f docker-compose.yml -f docker-compose.local.yml up`. Pure. */
export function renderOverride(stack: Stack): string {
  const services: Record<string, unknown> = {};
  for (const container of buildContainers(stack)) {
    if (container.ports.length === 0) continue;
    services[container.name] = { ports: container.ports.map(port => `${port.local}:${port.container}`) };
  }
  return toYaml(
    { services },
    'Local ports, on this machine only. Never use this file on a server: docker compose -f docker-compose.yml -f docker-compose.local.yml up -d',
  );
}

/** Named volumes in the order of first use. */
export function volumeNames(containers: readonly ContainerSpec[]): string[] {
  return [
    ...new Set(
      containers.flatMap(container =>
        (container.volumes ?? []).flatMap(mount => (mount.volume === undefined ? [] : [mount.volume])),
      ),
    ),
  ];
}

export function mountText(mount: Mount): string {
  return `${mount.source}:${mount.target}${mount.readOnly ? ':ro' : ''}`;
}

export function healthModel(health: Health): Record<string, unknown> {
  return {
    test: health.test,
    interval: `${health.intervalS}s`,
    timeout: `${health.timeoutS}s`,
    retries: health.retries,
    start_period: `${health.startPeriodS}s`,
  };
}

/** Labels by which the log agent finds a container. */
export function logLabels(stack: Stack, container: ContainerSpec): Record<string, string> {
  if (container.logLabel === undefined) return {};
  return { logging: 'alloy', service: container.logLabel, env: '${ENVIRONMENT:-dev}', org: stack.name };
}

/** Whether it is on the proxy's network by this file; Dokploy adds those that have a domain itself. */
function isProxied(stack: Stack, { routes, sharedAliases }: ContainerSpec): boolean {
  return (stack.routes === 'traefik' && routes.length > 0) || sharedAliases.length > 0;
}

function composeService(stack: Stack, container: ContainerSpec): Record<string, unknown> {
  const routed = stack.routes === 'traefik' && container.routes.length > 0;
  const { sharedAliases } = container;
  const labels = {
    ...logLabels(stack, container),
    ...(routed ? routeLabels(stack, container.routes, '${PROXY_NETWORK:-dokploy-network}') : {}),
  };
  return {
    image: container.image,
    ...(container.entrypoint ? { entrypoint: container.entrypoint } : {}),
    ...(container.command ? { command: container.command } : {}),
    restart: container.job ? 'no' : 'unless-stopped',
    ...(Object.keys(container.environment).length > 0 ? { environment: container.environment } : {}),
    ...(container.files
      ? { configs: container.files.map(file => ({ source: contentName(file), target: file.target })) }
      : {}),
    ...(container.volumes ? { volumes: container.volumes.map(mountText) } : {}),
    ...(container.tmpfs ? { tmpfs: container.tmpfs } : {}),
    ...(container.sharedMemoryMb === undefined ? {} : { shm_size: `${container.sharedMemoryMb}m` }),
    ...(container.ports.length > 0 ? { expose: container.ports.map(port => String(port.container)) } : {}),
    ...(container.health ? { healthcheck: healthModel(container.health) } : {}),
    ...(container.after.length > 0
      ? {
          depends_on: Object.fromEntries(
            container.after.map(after => [after.service, { condition: after.condition }]),
          ),
        }
      : {}),
    networks: {
      default: { aliases: container.aliases },
      ...(isProxied(stack, container)
        ? { [proxyKey(stack)]: sharedAliases.length > 0 ? { aliases: sharedAliases } : {} }
        : {}),
    },
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...limitModel(container.limits),
    ...hardening(container),
    ...(container.stopGraceS === undefined ? {} : { stop_grace_period: `${container.stopGraceS}s` }),
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
  };
}

/**
 * Processor time by quota: `cpus` is refused by an engine with fewer of them than that. No swap beside the memory: a
 * container that swaps slows the disk for all the others.
 */
export function limitModel({ memoryMb, cpus, pids }: Limits): Record<string, unknown> {
  return {
    ...(memoryMb === 0 ? {} : { mem_limit: `${memoryMb}m`, memswap_limit: `${memoryMb}m` }),
    ...(cpus === 0 ? {} : { cpu_period: 100_000, cpu_quota: Math.round(cpus * 100_000) }),
    ...(pids === 0 ? {} : { pids_limit: pids }),
  };
}

function hardening(container: ContainerSpec): Record<string, unknown> {
  if (!container.hardened) return container.user === undefined ? {} : { user: container.user };
  return {
    ...(container.user === undefined ? {} : { user: container.user }),
    read_only: true,
    cap_drop: ['ALL'],
    ...(container.capabilities ? { cap_add: container.capabilities } : {}),
    security_opt: ['no-new-privileges:true'],
  };
}

function composeHead(stack: Stack): string {
  const how =
    stack.routes === 'dokploy'
      ? 'Hosts: set each service’s domain in Dokploy (docs/deployment.md has the table of services and ports).'
      : stack.routes === 'traefik'
        ? 'Hosts: Traefik labels below, from the DOMAIN_* variables; Traefik’s network is PROXY_NETWORK.'
        : 'Hosts: none here; publish ports with docker-compose.local.yml, or use the Caddy file.';
  return `Rendered by \`peakstone compose\`: change peakstone.config.ts, not this file.\nVariables come from .env beside it.\n${how}`;
}
