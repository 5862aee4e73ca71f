/** `/v1/metrics`, for Prometheus. Off unless `HASURA_GRAPHQL_ENABLED_APIS` names `metrics`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { HasuraError } from '../errors.ts';
import type { Route } from './context.ts';

const digest = (text: string): Buffer => createHash('sha512').update(text).digest();

export const metricsRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/metrics',
    api: 'metrics',
    errors: 'metadata',
    isOpen: true,
    answer: async ({ headers }, { config, metrics }) => {
      const secret = config.metricsSecret;
      const given = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
      if (secret === null || !timingSafeEqual(digest(given), digest(secret)))
        throw new HasuraError(
          'access-denied',
          secret === null
            ? 'HASURA_GRAPHQL_METRICS_SECRET is not set'
            : 'the metrics secret is missing or wrong: "Authorization: Bearer SECRET"',
        );
      return {
        status: 200,
        headers: ['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'],
        body: metrics.text(),
      };
    },
  },
];
