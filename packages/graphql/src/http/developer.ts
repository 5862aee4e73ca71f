/** `/dev/*`: what the server holds, for its administrator. Off unless `HASURA_GRAPHQL_ENABLED_APIS` names `developer`. */
import { adminRole, type Session } from '../auth/types.ts';
import { HasuraError } from '../errors.ts';
import type { HttpContext, Route } from './context.ts';
import { json } from './respond.ts';

function developerRoute(path: string, show: (context: HttpContext) => unknown): Route {
  return {
    methods: ['GET'],
    path,
    api: 'developer',
    errors: 'metadata',
    answer: async (_request, context, session) => {
      assertAdmin(session);
      return json(200, JSON.stringify(show(context)));
    },
  };
}

function assertAdmin({ role }: Session): void {
  if (role !== adminRole)
    throw new HasuraError('access-denied', 'restricted access : admin only', { status: 400 });
}

function describeProcess(): unknown {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    memory_bytes: { rss, heap_used: heapUsed, heap_total: heapTotal, external },
    cpu_seconds: { user: user / 1e6, system: system / 1e6 },
    uptime_seconds: process.uptime(),
  };
}

export const developerRoutes: readonly Route[] = [
  developerRoute('/dev/plan_cache', ({ inspection }) => inspection.plans()),
  developerRoute('/dev/subscriptions', ({ inspection }) => inspection.subscriptions(false)),
  developerRoute('/dev/subscriptions/extended', ({ inspection }) => inspection.subscriptions(true)),
  developerRoute('/dev/ekg', describeProcess),
  developerRoute('/dev/rts_stats', describeProcess),
];
