/** What anybody may ask: whether it is well, and which version it is. */

import { hasuraVersion } from '../version.ts';
import type { HttpContext, Route } from './context.ts';
import { json } from './respond.ts';

async function healthz(context: HttpContext, strict: boolean) {
  const { ok, text } = await context.health(strict);
  return { status: ok ? 200 : 500, headers: ['Content-Type', 'text/plain; charset=utf-8'], body: text };
}

const open = { methods: ['GET', 'HEAD'], api: null, errors: 'metadata', isOpen: true } as const;

export const statusRoutes: readonly Route[] = [
  {
    ...open,
    path: '/healthz',
    answer: (request, context) =>
      healthz(context, new URLSearchParams(request.query).get('strict') === 'true'),
  },
  { ...open, path: '/hasura/healthz', answer: (_request, context) => healthz(context, false) },
  {
    ...open,
    path: '/v1/version',
    answer: async () => json(200, JSON.stringify({ server_type: 'ce', version: hasuraVersion })),
  },
];
