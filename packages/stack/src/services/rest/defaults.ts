/**
 * What the stack's REST service does beyond its reference unless `PGRST_*` variables say otherwise: it faces strangers, and
 * forgives mistakes that PostgREST does not.
 * @see packages/rest/docs/beyond.md
 */
export const restDefaults = {
  PGRST_CLIENT_ANON_MAX_BODY_BYTES: '1048576',
  // The role of the key that every browser has.
  PGRST_CLIENT_ANON_ROLES: 'anon',
  PGRST_CLIENT_ERROR_HINTS_BY_ROLE: 'true',
  PGRST_CLIENT_LOGIN_ROLE_REFUSED: 'true',
  PGRST_DB_MAX_RESULT_BYTES: '67108864',
  PGRST_DB_SAFEUPDATE_ENABLED: 'true',
  PGRST_SERVER_CONTENT_LOCATION_MAX_BYTES: '4096',
  PGRST_URL_MAX_EMBEDS: '100',
  PGRST_URL_MAX_NODES: '1000',
} as const;
