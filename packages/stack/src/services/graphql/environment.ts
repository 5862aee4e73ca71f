/** What only the place where it runs knows. */
export interface GraphqlPlace {
  readonly adminSecret: string;
  readonly jwtSecret: string;
  readonly corsDomain: string;
  /** Of requests without a token. */
  readonly anonRole: string;
}

/** The stack's settings in the reference's words, here and in containers, whoever serves. Pure. */
export function graphqlEnvironment(place: GraphqlPlace): Record<string, string> {
  return {
    HASURA_GRAPHQL_ADMIN_SECRET: place.adminSecret,
    HASURA_GRAPHQL_JWT_SECRET: place.jwtSecret,
    HASURA_GRAPHQL_UNAUTHORIZED_ROLE: place.anonRole,
    HASURA_GRAPHQL_ENABLE_CONSOLE: 'false',
    HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup,http-log,websocket-log,query-log',
    HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES: 'true',
    HASURA_GRAPHQL_CORS_DOMAIN: place.corsDomain,
    HASURA_GRAPHQL_ENABLE_TELEMETRY: 'false',
  };
}

/** What our own does beyond its reference unless the operator says otherwise: the database decides, as for REST. */
export const graphqlDefaults = { PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls' } as const;
