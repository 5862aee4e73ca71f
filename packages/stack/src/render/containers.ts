/** From the services of a stack to its containers. */
import type { ContainerSpec } from '../container/spec.ts';
import { findService, type Stack, StackConfigError } from '../definition.ts';
import { findRow } from '../services/index.ts';

/**
 * The containers of a stack in start order; external services have none. Pure.
 * @throws {StackConfigError} a service has lost what it cannot do without.
 */
export function buildContainers(stack: Stack): ContainerSpec[] {
  return stack.services.flatMap(service => {
    const { name, cannotLack = [] } = service.definition;
    const lost = cannotLack.find(need => !findService(stack, need));
    if (lost !== undefined) {
      throw new StackConfigError(
        `services.${name}: it needs ${lost}; leave it out too (${name}: false), or make ${lost} external`,
      );
    }
    return service.engine === 'external' ? [] : [findRow(name)!.container(stack, service)];
  });
}
