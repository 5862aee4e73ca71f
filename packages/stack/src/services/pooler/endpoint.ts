import { type DatabaseEndpoint, endpointOf } from '../../container/endpoints.ts';
import type { Stack } from '../../definition.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';

/** The pooler, where the stack has one. @throws {StackConfigError} when its external URL cannot be read. */
export function ownPooler(stack: Stack): DatabaseEndpoint | undefined {
  return endpointOf(stack, 'pooler');
}

/** The pooler where there is one, otherwise the server. */
export function poolerEndpoint(stack: Stack): DatabaseEndpoint {
  return ownPooler(stack) ?? databaseEndpoint(stack);
}
