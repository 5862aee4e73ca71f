/** From the services of a stack to its containers. */
import type { After, ContainerSpec } from '../container/spec.ts';
import { findService, type Stack, StackConfigError } from '../definition.ts';
import { findRow } from '../services/index.ts';

/**
 * The containers of a stack in start order; external services have none. Pure.
 * @throws {StackConfigError} a service has lost what it cannot do without.
 */
export function buildContainers(stack: Stack): ContainerSpec[] {
  const containers = stack.services.flatMap(service => {
    const { name, cannotLack = [] } = service.definition;
    if (service.engine === 'external') return [];
    const lost = cannotLack.find(need => !findService(stack, need));
    if (lost !== undefined) {
      throw new StackConfigError(
        `services.${name}: it needs ${lost}; leave it out too (${name}: false), or make ${lost} external`,
      );
    }
    const container = findRow(name)?.container;
    return container ? [container(stack, service)] : [];
  });
  return awaitJobs(containers);
}

/**
 * Has something wait for the end of each job, the last container that the job does not need itself: `docker compose up --wait` takes
 * a job that has ended for a service that has failed, unless somebody waits for that.
 */
function awaitJobs(containers: readonly ContainerSpec[]): ContainerSpec[] {
  const jobs = containers.filter(
    ({ name, job }) => job && !containers.some(other => waitsForEnd(other, name)),
  );
  return containers.map(container => {
    const own = jobs.filter(job => container === lastBeside(containers, job));
    if (own.length === 0) return container;
    const ends = own.map(
      ({ name }): After => ({ service: name, condition: 'service_completed_successfully' }),
    );
    return { ...container, after: [...container.after, ...ends] };
  });
}

function waitsForEnd({ after }: ContainerSpec, job: string): boolean {
  return after.some(
    ({ service, condition }) => service === job && condition === 'service_completed_successfully',
  );
}

/** The last service that the job does not wait for, directly or by others. */
function lastBeside(containers: readonly ContainerSpec[], job: ContainerSpec): ContainerSpec | undefined {
  const needed = new Set<string>();
  const visit = ({ after }: ContainerSpec): void => {
    for (const { service } of after) {
      needed.add(service);
      const container = containers.find(({ name }) => name === service);
      if (container) visit(container);
    }
  };
  visit(job);
  return containers.findLast(({ name, job: isJob }) => !isJob && !needed.has(name));
}
