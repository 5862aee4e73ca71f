/** `/api/swagger/json`: the REST endpoints for whoever makes clients of them. */
import { runPaced } from '@peakstone/kernel/pace';
import { adminRole } from '../auth/types.ts';
import { describeEndpoints } from '../endpoints/openapi.ts';
import { HasuraError } from '../errors.ts';
import type { Route } from './context.ts';
import { json } from './respond.ts';

export const openapiRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/api/swagger/json',
    api: null,
    errors: 'metadata',
    answer: async (_request, { config, metadata, inspection }, { role }) => {
      if (role !== adminRole)
        throw new HasuraError('access-denied', 'restricted access : admin only', { status: 400 });
      const { endpoints } = metadata.model;
      const document = describeEndpoints(endpoints, await inspection.schema(), config.limits);
      return json(200, JSON.stringify(await runPaced(document)));
    },
  },
];
