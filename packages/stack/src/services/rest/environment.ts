/** What only the place where it runs knows. */
export interface RestPlace {
  /** As PostgREST takes it. */
  readonly databaseUri: string;
  readonly connections: number;
  /** Separated by commas. */
  readonly schemas: string;
  readonly jwtSecret: string;
  /** The address that clients know it by. */
  readonly publicUrl: string;
  readonly host: string;
}

/** The stack's settings in the reference's words, here and in containers. Pure. */
export function restEnvironment(place: RestPlace): Record<string, string> {
  return {
    PGRST_DB_URI: place.databaseUri,
    PGRST_DB_POOL: String(place.connections),
    PGRST_DB_SCHEMAS: place.schemas,
    // Where the stack's extensions are, whose functions and operators statements name without a schema.
    PGRST_DB_EXTRA_SEARCH_PATH: 'public,extensions',
    PGRST_DB_ANON_ROLE: 'web_anon',
    PGRST_JWT_SECRET: place.jwtSecret,
    PGRST_OPENAPI_SERVER_PROXY_URI: place.publicUrl,
    PGRST_SERVER_HOST: place.host,
  };
}
