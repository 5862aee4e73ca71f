/** From the services of a stack to its containers. */
import type { After, ContainerSpec } from '../container/spec.ts';
import { findService, type Stack, StackConfigError } from '../definition.ts';
import { findRow } from '../services/index.ts';

/**
 * The containers of a stack in start order; external services have none. Pure.
 * @throws {StackConfigError} a service has lost what it cannot do without.
 */
export function buildContainers(stack: Stack): ContainerSpec[] {
  assertUseful(stack);
  const containers = stack.services.flatMap(service => {
    const container = service.engine === 'external' ? undefined : findRow(service.definition.name)?.container;
    return container ? [container(stack, service)] : [];
  });
  return awaitJobs(containers);
}

/** @throws {StackConfigError} naming all that has no use without what is left out, so that one change does. */
function assertUseful(stack: Stack): void {
  const lost = new Set<string>();
  const useless: string[] = [];
  // In start order: what loses something may be what a later one cannot lack.
  for (const { definition, engine } of stack.services) {
    const { name, cannotLack = [] } = definition;
    const lacking = cannotLack.filter(need => !findService(stack, need));
    if (engine === 'external' || !cannotLack.some(need => lacking.includes(need) || useless.includes(need)))
      continue;
    for (const need of lacking) lost.add(need);
    useless.push(name);
  }
  if (useless.length === 0) return;
  const [need] = lost;
  const choices = useless.map(name => `${/^\w+$/.test(name) ? name : `'${name}'`}: false`).join(', ');
  throw new StackConfigError(
    `services.${useless[0]}: it needs ${need}; leave out what has no use without (${choices}), or make ${need} external`,
  );
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
