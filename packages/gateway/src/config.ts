import {
  ConfigError,
  readDuration,
  readEnum,
  readList,
  readPort,
  readSize,
  readString,
} from '@peakstone/kernel/config';
import { networks } from '@peakstone/kernel/http/address';
import type { Env } from '@peakstone/kernel/service';

export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  /** Origins that browsers may call from. */
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  /** Proxies whose X-Forwarded-* is believed. */
  readonly trustedProxies: readonly string[];
  /** Networks that may read metrics and the reasons of ill health. */
  readonly adminNetworks: readonly string[];
  /** Names, besides `localhost` and addresses, by which those may ask. */
  readonly adminHosts: readonly string[];
  /** Bytes that the bodies of all requests in work may hold; null for a share of the memory. */
  readonly maxBodiesBytes: number | null;
  /** Whether answers are compressed for clients that take it. */
  readonly compression: boolean;
  readonly accessLog: 'all' | 'errors' | 'off';
  /** Time for a request to arrive whole: an upload over a slow line. */
  readonly requestTimeoutMs: number;
  readonly drainMs: number;
}

/** Reads the gateway's own settings. Pure. @throws {ConfigError} naming the variable and the shape it expects. */
export function readGatewayConfig(env: Env): GatewayConfig {
  return {
    host: readString(env, 'GATEWAY_HOST', { default: '127.0.0.1' }),
    port: readPort(env, 'GATEWAY_PORT', { default: 8000 }),
    corsOrigins: readOrigins(env),
    maxBodyBytes: readSize(env, 'GATEWAY_MAX_BODY', { default: 256 * 1024 * 1024 }),
    trustedProxies: readNetworks(env, 'GATEWAY_TRUSTED_PROXIES', []),
    adminNetworks: readNetworks(env, 'GATEWAY_ADMIN_NETWORKS', ['loopback']),
    adminHosts: readAdminHosts(env),
    maxBodiesBytes: readSize(env, 'GATEWAY_MAX_BODIES', { default: null }),
    compression: readEnum(env, 'GATEWAY_COMPRESSION', ['on', 'off'], { default: 'on' }) === 'on',
    accessLog: readEnum(env, 'GATEWAY_ACCESS_LOG', ['all', 'errors', 'off'], { default: 'all' }),
    requestTimeoutMs: readDuration(env, 'GATEWAY_REQUEST_TIMEOUT', { default: 15 * 60_000 }),
    drainMs: readDuration(env, 'GATEWAY_DRAIN', { default: 10_000 }),
  };
}

function readNetworks(env: Env, name: string, fallback: readonly string[]): readonly string[] {
  const entries = readList(env, name, { default: fallback });
  for (const entry of entries) {
    try {
      networks([entry]);
    } catch (cause) {
      throw new ConfigError(name, "addresses, networks such as 10.0.0.0/8, 'loopback' or 'private'", {
        got: entry,
        cause,
      });
    }
  }
  return entries;
}

/** The gateway's own names, and those that are given. */
function readAdminHosts(env: Env): readonly string[] {
  const own = ['DOMAIN_GATEWAY', 'GATEWAY_HOST'].map(name => readString(env, name, { default: '' }));
  return [...own, ...readList(env, 'GATEWAY_ADMIN_HOSTS', { default: [] })].filter(host => host !== '');
}

/** `GATEWAY_CORS`, or the stack's `HASURA_CORS`: the same list serves all. */
function readOrigins(env: Env): readonly string[] {
  const name = env.GATEWAY_CORS ? 'GATEWAY_CORS' : 'HASURA_CORS';
  const origins = readList(env, name, { default: ['*'] });
  for (const origin of origins) {
    if (origin !== '*' && !/^[a-z][a-z0-9+.-]*:\/\/(\*\.)?[a-z0-9.[\]:_-]+\/?$/i.test(origin)) {
      throw new ConfigError(name, 'origins such as https://app.example.com, https://*.example.com or *', {
        got: origin,
      });
    }
  }
  return origins;
}
