import { type DatabaseEndpoint, endpointOf } from '../../container/endpoints.ts';
import type { Mount } from '../../container/spec.ts';
import { findService, type Stack, StackConfigError } from '../../definition.ts';

/** The PostgreSQL server itself. @throws {StackConfigError} when the stack has none, or its external URL cannot be read. */
export function databaseEndpoint(stack: Stack): DatabaseEndpoint {
  const endpoint = endpointOf(stack, 'postgres');
  if (endpoint) return endpoint;
  throw new StackConfigError(
    "postgres: the other services need it; give it an engine, or its address with 'external'",
  );
}

/** Whether the stack runs the server, whose socket its other containers can then have. */
export function hasOwnDatabase(stack: Stack): boolean {
  return findService(stack, 'postgres')?.engine !== 'external';
}

/** The folder of the server's own socket, on which it asks the stack's containers for no password. */
export const socketMount: Mount = {
  source: 'postgres_socket',
  volume: 'postgres_socket',
  target: '/var/run/postgresql',
};
