import { type DatabaseEndpoint, endpointOf } from '../../container/endpoints.ts';
import { type Stack, StackConfigError } from '../../definition.ts';

/** The PostgreSQL server itself. @throws {StackConfigError} when the stack has none, or its external URL cannot be read. */
export function databaseEndpoint(stack: Stack): DatabaseEndpoint {
  const endpoint = endpointOf(stack, 'postgres');
  if (endpoint) return endpoint;
  throw new StackConfigError(
    "postgres: the other services need it; give it an engine, or its address with 'external'",
  );
}
