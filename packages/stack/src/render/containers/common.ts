/** What the containers of a stack have in common. */
import { findService, type Stack } from '../../definition.ts';
import { services } from '../../services.ts';
import type { After, ContainerSpec, Health, Route } from '../container.ts';
import { hostOf } from '../endpoints.ts';

/** The parts of a container that the service table decides. */
export function basics(
  stack: Stack,
  name: string,
): Pick<ContainerSpec, 'name' | 'aliases' | 'logLabel' | 'routes' | 'job' | 'stateful' | 'after' | 'ports'> {
  const definition = services.find(service => service.name === name);
  if (!definition) throw new TypeError(`no service '${name}'`);
  return {
    name,
    aliases: [hostOf(stack, name), ...definition.aliases],
    ...(definition.logLabel === undefined ? {} : { logLabel: definition.logLabel }),
    routes: [],
    job: definition.kind === 'job',
    stateful: definition.stateful,
    after: [],
    ports: [],
  };
}

/**
 * Waits for services that the stack runs itself: the database until healthy, jobs until finished, others until started.
 * Nothing waits for the health of anything but the database, so that one sick service cannot hold back the rest.
 */
export function after(stack: Stack, ...names: readonly string[]): After[] {
  return names.flatMap((name): After[] => {
    const service = findService(stack, name);
    if (!service || service.engine === 'external') return [];
    if (service.definition.kind === 'job')
      return [{ service: name, condition: 'service_completed_successfully' }];
    return [{ service: name, condition: name === 'postgres' ? 'service_healthy' : 'service_started' }];
  });
}

/** A variable without which the file is refused, with what to do about it. */
export function required(name: string): string {
  return `\${${name}:?set ${name} in .env, or run: peakstone deploy env}`;
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
