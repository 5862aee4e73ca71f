/** What only the place where it runs knows. */
export interface RestPlace {
  /** As PostgREST takes it. */
  readonly databaseUri: string;
  readonly connections: string;
  /** Of requests without a token. */
  readonly anonRole: string;
  /** Separated by commas. */
  readonly schemas: string;
  /** Where else statements find names, separated by commas. */
  readonly extraSearchPath: string;
  readonly jwtSecret: string;
  /** The address that clients know it by. */
  readonly publicUrl: string;
  readonly host: string;
}

/** The stack's settings in the reference's words, here and in containers. Pure. */
export function restEnvironment(place: RestPlace): Record<string, string> {
  return {
    PGRST_DB_URI: place.databaseUri,
    PGRST_DB_POOL: place.connections,
    PGRST_DB_SCHEMAS: place.schemas,
    // Whoever sets another path must not lose the extensions' operators: without citext's, `=` means text's.
    PGRST_DB_EXTRA_SEARCH_PATH: `${place.extraSearchPath},extensions`,
    PGRST_DB_ANON_ROLE: place.anonRole,
    PGRST_JWT_SECRET: place.jwtSecret,
    PGRST_OPENAPI_SERVER_PROXY_URI: place.publicUrl,
    PGRST_SERVER_HOST: place.host,
  };
}
