/**
 * Where the services of a stack find each other: container host names, or the address of what is external.
 * Names carry the stack's prefix, because names on a shared proxy network collide between apps.
 */
import { findService, type Stack, StackConfigError } from '../definition.ts';

export interface DatabaseEndpoint {
  readonly host: string;
  readonly port: number;
  readonly sslMode: string;
}

/** Host name of one of the stack's containers inside its network. */
export function hostOf(stack: Stack, service: string): string {
  return `${stack.hostPrefix}${service}`;
}

/** The PostgreSQL server itself. @throws {StackConfigError} when the stack has none, or its external URL cannot be read. */
export function databaseEndpoint(stack: Stack): DatabaseEndpoint {
  return (
    endpoint(stack, 'postgres', 5432) ??
    fail("postgres: the other services need it; give it an engine, or its address with 'external'")
  );
}

/** The pooler where there is one, otherwise the server. */
export function poolerEndpoint(stack: Stack): DatabaseEndpoint {
  return endpoint(stack, 'pooler', 6432) ?? databaseEndpoint(stack);
}

/** `postgres://role:${PASSWORD}@host:port/${POSTGRES_DB}?sslmode=…` */
export function databaseUrl(at: DatabaseEndpoint, role: string, passwordVariable: string): string {
  return `postgres://${role}:\${${passwordVariable}}@${at.host}:${at.port}/\${POSTGRES_DB}?sslmode=${at.sslMode}`;
}

/** Origin of a service that speaks HTTP, or nothing when the stack has none. */
export function httpOrigin(stack: Stack, name: string, port: number): string | undefined {
  const service = findService(stack, name);
  if (!service) return undefined;
  return service.engine === 'external'
    ? (service.url ?? '').replace(/\/$/, '')
    : `http://${hostOf(stack, name)}:${port}`;
}

function endpoint(stack: Stack, name: string, port: number): DatabaseEndpoint | undefined {
  const service = findService(stack, name);
  if (!service) return undefined;
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

function fail(message: string): never {
  throw new StackConfigError(message);
}
