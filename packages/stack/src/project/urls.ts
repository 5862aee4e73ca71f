import { ConfigError, readUrl } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';

/** Where clients on this machine reach a service that listens on `host`. Pure. */
export function httpUrl(host: string, port: number | undefined): string {
  const reachable = host === '0.0.0.0' || host === '::' || host === '' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port ?? 0}`;
}

/** An engine setting that is an address: who serves is somebody else. Pure. */
export function externalUrl(engine: string | undefined): string | null {
  return engine !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(engine) ? engine : null;
}

/** The setting that puts somebody else's address in place of a service. */
export function upstreamVariable(name: string): string {
  return `PEAKSTONE_UPSTREAM_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Whether that setting leaves the service out. Pure. */
export function isOff(env: Env, name: string): boolean {
  return env[upstreamVariable(name)] === 'off';
}

/**
 * The address that this setting gives; null where it is not set, leaves the service out (`off`), or says that it is the stack's own
 * (`peakstone`), whatever the configuration has. Pure.
 * @throws {ConfigError} when it is no URL, or names a variable that is not set
 */
export function upstreamUrl(
  env: Env,
  { name, scheme = 'http' }: { name: string; scheme?: string },
): string | null {
  const variable = upstreamVariable(name);
  if (isOff(env, name) || env[variable] === 'peakstone') return null;
  const missing = /\$\{(\w+)\}/.exec(env[variable] ?? '')?.[1];
  if (missing !== undefined)
    throw new ConfigError(missing, `set, as services.${name} of peakstone.config.ts has it in its address`, {
      hint: `In .env, ${variable}=off goes without ${name} here, and ${variable}=peakstone runs the stack’s own.`,
    });
  const protocols = scheme === 'http' ? ['http', 'https'] : ['postgres', 'postgresql'];
  return readUrl(env, variable, { protocols, default: null })?.href ?? null;
}
