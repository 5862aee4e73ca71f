/** What the containers of a stack have in common. */
import { findService, type ResolvedService, type Stack } from '../definition.ts';
import { hostOf } from './endpoints.ts';
import type { After, ContainerSpec, Health, Route } from './spec.ts';

/** The parts of a container that the service table decides. */
export function basics(
  stack: Stack,
  service: ResolvedService,
): Pick<
  ContainerSpec,
  | 'name'
  | 'aliases'
  | 'sharedAliases'
  | 'limits'
  | 'logLabel'
  | 'routes'
  | 'job'
  | 'stateful'
  | 'everyNode'
  | 'after'
  | 'ports'
> {
  const { definition, limits } = service;
  const { name, aliases, logLabel, kind, stateful, everyNode } = definition;
  return {
    name,
    aliases: [hostOf(stack, name), ...aliases],
    sharedAliases: stack.sharedHosts.filter(host => host === name || aliases.includes(host)),
    limits,
    ...(logLabel === undefined ? {} : { logLabel }),
    routes: [],
    job: kind === 'job',
    stateful,
    ...(everyNode ? { everyNode } : {}),
    after: after(stack, namesBefore(stack, service)),
    ports: [],
  };
}

/** What comes before it: by its row; before the front, all that it leads to. */
function namesBefore(stack: Stack, { definition, engine }: ResolvedService): readonly string[] {
  const { front, needs, needsWhenUpstream = [] } = definition;
  if (front)
    return stack.services.filter(other => other.definition.route).map(other => other.definition.name);
  return engine === 'upstream' ? [...needs, ...needsWhenUpstream] : needs;
}

/**
 * Waits for services that the stack runs itself: jobs until finished, those that are to be awaited until healthy, others
 * until started, so that one sick service cannot hold back the rest.
 */
function after(stack: Stack, names: readonly string[]): After[] {
  return names.flatMap((name): After[] => {
    const service = findService(stack, name);
    if (!service || service.engine === 'external') return [];
    if (service.definition.kind === 'job')
      return [{ service: name, condition: 'service_completed_successfully' }];
    return [{ service: name, condition: service.definition.awaited ? 'service_healthy' : 'service_started' }];
  });
}

/** A variable without which the file is refused, with what to do about it. */
export function required(name: string): string {
  return `\${${name}:?set ${name} in .env, or run: peakstone deploy env}`;
}

/** Settings with their defaults, which `.env` may set otherwise. */
export function passedOn(
  settings: readonly { readonly name: string; readonly value?: string }[],
): Record<string, string> {
  return Object.fromEntries(settings.map(({ name, value = '' }) => [name, `\${${name}:-${value}}`]));
}

export function publicRoute(name: string, domain: string, port: number): Route[] {
  return [{ name, domain, port }];
}

/** The health command of our own image, which asks the address in PEAKSTONE_HEALTH_URL. */
export const builtInHealth: Health = {
  test: ['CMD', 'peakstone', 'health'],
  intervalS: 3,
  timeoutS: 5,
  retries: 20,
  startPeriodS: 60,
};
