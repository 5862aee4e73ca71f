/** `/v1alpha1/config`: what of the settings a console may know. No key and no secret is among them. */
import { adminRole } from '../auth/types.ts';
import type { JwtConfig } from '../config/jwt.ts';
import { HasuraError } from '../errors.ts';
import { hasuraVersion } from '../version.ts';
import type { Route } from './context.ts';
import { json } from './respond.ts';

export const configRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1alpha1/config',
    api: 'config',
    errors: 'metadata',
    answer: async (_request, { config }, { role }) => {
      if (role !== adminRole)
        throw new HasuraError('access-denied', 'restricted access : admin only', { status: 400 });
      const { auth, liveQueries, streamingQueries } = config;
      return json(
        200,
        JSON.stringify({
          version: hasuraVersion,
          is_function_permissions_inferred: config.inferFunctionPermissions,
          is_remote_schema_permissions_enabled: config.enableRemoteSchemaPermissions,
          is_admin_secret_set: auth.adminSecrets.length > 0,
          is_auth_hook_set: auth.hook !== null,
          is_jwt_set: auth.jwt.length > 0,
          jwt: auth.jwt.map(showJwt),
          is_allow_list_enabled: config.enableAllowlist,
          live_queries: {
            batch_size: liveQueries.batchSize,
            refetch_delay: liveQueries.refetchIntervalMs / 1000,
          },
          streaming_queries: {
            batch_size: streamingQueries.batchSize,
            refetch_delay: streamingQueries.refetchIntervalMs / 1000,
          },
          console_assets_dir: null,
          experimental_features: [...config.experimentalFeatures],
          is_prometheus_metrics_enabled: config.enabledApis.has('metrics'),
          close_websockets_on_metadata_change_status: config.websocket.closeOnMetadataChange,
          default_naming_convention: config.defaultNamingConvention,
        }),
      );
    },
  },
];

/** Namespace or path, whichever is set, as the reference writes them. */
function showJwt({ claims }: JwtConfig) {
  if (claims.kind === 'map')
    return { claims_namespace: null, claims_format: 'json', claims_map: claims.claims };
  const place = claims.isPath ? { claims_namespace_path: claims.shown } : { claims_namespace: claims.shown };
  return { ...place, claims_format: claims.format, claims_map: null };
}
