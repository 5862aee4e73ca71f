/** From a service of the stack to its container. A service to come joins by one line here. */
import { type Stack, StackConfigError } from '../../definition.ts';
import type { ContainerSpec } from '../container.ts';
import { gatewayContainer, graphqlContainer, restContainer } from './apis.ts';
import { bootstrapContainer, migrateContainer, poolerContainer, postgresContainer } from './database.ts';
import { imagesContainer, storageBootstrapContainer, storageContainer } from './files.ts';
import { adminContainer, grafanaContainer, logsAgentContainer, logsContainer } from './operations.ts';

type Build = (stack: Stack, engine: 'peakstone' | 'upstream') => ContainerSpec;

const builders: Readonly<Record<string, Build>> = {
  postgres: postgresContainer,
  'db-bootstrap': bootstrapContainer,
  'atlas-migrate': migrateContainer,
  pooler: poolerContainer,
  rest: restContainer,
  graphql: graphqlContainer,
  storage: storageContainer,
  'storage-bootstrap': storageBootstrapContainer,
  images: imagesContainer,
  gateway: gatewayContainer,
  admin: adminContainer,
  logs: logsContainer,
  'logs-agent': logsAgentContainer,
  grafana: grafanaContainer,
};

/**
 * The containers of a stack in start order; external services have none. Pure.
 * @throws {StackConfigError} a service has lost what it cannot do without.
 */
export function buildContainers(stack: Stack): ContainerSpec[] {
  const present = new Set(stack.services.map(service => service.definition.name));
  for (const [service, need] of [
    ['storage-bootstrap', 'storage'],
    ['logs', 'storage'],
    ['logs-agent', 'logs'],
    ['grafana', 'logs'],
  ] as const) {
    if (present.has(service) && !present.has(need)) {
      throw new StackConfigError(
        `services.${service}: it needs ${need}; leave it out too (${service}: false), or make ${need} external`,
      );
    }
  }
  return stack.services.flatMap(service => {
    if (service.engine === 'external') return [];
    const build = builders[service.definition.name];
    if (!build) throw new TypeError(`no container for service '${service.definition.name}'`);
    return [build(stack, service.engine)];
  });
}
