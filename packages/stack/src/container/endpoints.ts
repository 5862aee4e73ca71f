/**
 * Where the services of a stack find each other: container host names, or the address of what is external.
 * Names carry the stack's prefix, because names on a shared proxy network collide between apps.
 */
import { findService, type ServiceDefinition, type Stack, StackConfigError } from '../definition.ts';

export interface DatabaseEndpoint {
  readonly host: string;
  readonly port: number;
  readonly sslMode: string;
}

/** Host name of one of the stack's containers inside its network. */
export function hostOf(stack: Stack, service: string): string {
  return `${stack.hostPrefix}${service}`;
}

/** Origin of a service that speaks HTTP, or nothing when the stack has none. */
export function httpOrigin(stack: Stack, name: string): string | undefined {
  const service = findService(stack, name);
  if (!service) return undefined;
  return service.engine === 'external'
    ? (service.url ?? '').replace(/\/$/, '')
    : `http://${hostOf(stack, name)}:${portInside(service.definition)}`;
}

/** Where a service that speaks PostgreSQL's protocol is. @throws {StackConfigError} when its external URL cannot be read. */
export function endpointOf(stack: Stack, name: string): DatabaseEndpoint | undefined {
  const service = findService(stack, name);
  if (!service) return undefined;
  const port = portInside(service.definition);
  if (service.engine !== 'external') return { host: hostOf(stack, name), port, sslMode: 'disable' };
  const match = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([A-Za-z0-9.-]+)(?::(\d+))?(?:\/[^?]*)?(?:\?(.*))?$/.exec(
    service.url ?? '',
  );
  if (!match?.[1])
    fail(
      `services.${name}: '${service.url}' must be postgres://HOST:PORT/ (roles, passwords and the database come from .env)`,
    );
  const sslMode = new URLSearchParams(match[3] ?? '').get('sslmode') ?? 'require';
  return { host: match[1], port: Number(match[2] ?? port), sslMode };
}

function portInside({ containerPort, port }: ServiceDefinition): number {
  return containerPort ?? port ?? 0;
}

function fail(message: string): never {
  throw new StackConfigError(message);
}
