import { readString, readUrl } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import type { Route } from './routes.ts';

type Known = Omit<Route, 'target' | 'host' | 'public'> & { readonly domain: string };

/** Services that the gateway knows when it runs alone, in a container before the others. */
const KNOWN: readonly Known[] = [
  {
    name: 'rest',
    title: 'REST API',
    contract: 'PostgREST',
    paths: ['/rest/v1'],
    stripPrefix: true,
    domain: 'DOMAIN_API',
  },
  {
    name: 'graphql',
    title: 'GraphQL API',
    contract: 'Hasura GraphQL Engine v2',
    paths: ['/v1/graphql'],
    stripPrefix: false,
    domain: 'DOMAIN_GQL',
  },
  {
    name: 'storage',
    title: 'Object storage',
    contract: 'S3',
    paths: ['/storage'],
    stripPrefix: true,
    domain: 'DOMAIN_FILES',
    maxBodyBytes: Number.POSITIVE_INFINITY,
    keepHost: true,
    compress: false,
  },
  {
    name: 'images',
    title: 'Images',
    contract: 'imgproxy',
    paths: ['/img'],
    stripPrefix: true,
    domain: 'DOMAIN_IMG',
  },
];

/**
 * Routes from `PEAKSTONE_UPSTREAM_REST`, `_GRAPHQL`, `_STORAGE` and `_IMAGES` (URLs) and the `DOMAIN_*` hosts. Pure.
 * @throws {ConfigError} when a URL isn't one.
 */
export function routesFromEnv(env: Env): readonly Route[] {
  return KNOWN.flatMap(({ domain, ...known }) => {
    const url = readUrl(env, `PEAKSTONE_UPSTREAM_${known.name.toUpperCase()}`, { default: null });
    const host = readString(env, domain, { default: undefined });
    return url === null ? [] : [{ ...known, host, target: url.href, public: true }];
  });
}
