/**
 * Other stacks behind the same Traefik. Its routers are known by one name each, and a host leads to one place: where two stacks
 * claim the same, Traefik drops both and answers 404, so the second is refused before anything starts.
 */

import type { Stack } from '../definition.ts';
import { buildContainers } from '../render/containers.ts';
import { routeLabels } from '../render/routes.ts';
import { DeployError } from './errors.ts';

/** A container or Swarm service that Traefik reads. */
export interface Neighbour {
  /** Compose project or Swarm stack it belongs to; empty for none. */
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Pure.
 * @param owner the Compose project or Swarm stack that is about to be deployed
 * @throws {DeployError} naming the stack that has a router's name, or a host, already
 */
export function refuseClash(
  stack: Stack,
  values: Readonly<Record<string, string>>,
  owner: string,
  neighbours: readonly Neighbour[],
): void {
  const routes = buildContainers(stack).flatMap(container => container.routes);
  const routers = routerNames(routeLabels(stack, routes, ''));
  const hosts = new Map(
    routes.flatMap(({ domain }) => {
      const host = values[domain]?.trim().toLowerCase();
      return host ? [[host, domain] as const] : [];
    }),
  );
  for (const { owner: other, labels } of neighbours) {
    if (other === owner) continue;
    const whose = other === '' ? 'a container that is no stack’s' : `the stack ${other}`;
    if (routerNames(labels).some(name => routers.includes(name)))
      // Names in quotes: the command line replaces the command's own name where it stands before a word.
      throw new DeployError(`Traefik knows ${whose} by the name '${stack.name}' already`, {
        hint: 'give this one a name of its own: name in peakstone.config.ts; or remove that one, which counts while it is stopped as well, as it may be started again',
      });
    for (const host of hostsOf(labels)) {
      const domain = hosts.get(host);
      if (domain !== undefined)
        throw new DeployError(`the host ${host} leads to ${whose} already`, {
          hint: `give ${domain} another host in .env, or take that one down first`,
        });
    }
  }
}

/** What `docker inspect` printed of labels, one JSON object a line, as neighbours. Pure. */
export function readNeighbours(lines: string): Neighbour[] {
  return lines
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => neighbourOf(JSON.parse(line) as Record<string, string>));
}

/** Whose it is, by its labels. Pure. */
export function neighbourOf(labels: Readonly<Record<string, string>>): Neighbour {
  const owner = labels['com.docker.compose.project'] ?? labels['com.docker.stack.namespace'] ?? '';
  return { owner, labels };
}

function routerNames(labels: Readonly<Record<string, string>>): string[] {
  return Object.keys(labels).flatMap(
    label => /^traefik\.http\.routers\.([^.]+)\.rule$/.exec(label)?.[1] ?? [],
  );
}

function hostsOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels)
    .filter(([label]) => /^traefik\.http\.routers\.[^.]+\.rule$/.test(label))
    .flatMap(([, rule]) => [...rule.matchAll(/`([^`]+)`/g)].map(([, host]) => host!.toLowerCase()));
}
