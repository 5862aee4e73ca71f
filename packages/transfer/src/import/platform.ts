/** What a Supabase project's database holds that is the platform's, as data: what of it the stack has in its place. */

/** Functions that policies ask who is there; the stack's own answer for REST and GraphQL alike. */
export const AUTH_FUNCTIONS: readonly string[] = ['uid', 'role', 'email', 'jwt'];

/** Tables that `DATABASE_SUPABASE=full` makes so that SQL can refer to them; empty ones make way for the dump's own. */
export const SKELETON: readonly string[] = [
  'auth.mfa_factors',
  'auth.sessions',
  'auth.identities',
  'auth.users',
  'storage.objects',
  'storage.buckets',
];

/** Tables of the stack's own beside those: what its services still have to do, which is over where a dump was made. */
export const OWN_TABLES: readonly string[] = [
  'storage.peakstone_deletions',
  'storage.peakstone_deletions_id_seq',
];

/** Calls out to a web address, by pg_net. */
export const WEBHOOK = { schema: 'supabase_functions', name: 'http_request' } as const;

interface Absent {
  /** Types whose text form a column of type text can keep. */
  readonly types?: readonly string[];
  /** Access methods of indexes. */
  readonly methods?: readonly string[];
}

/** What goes with an extension that a server lacks. */
export const ABSENT: Readonly<Record<string, Absent>> = {
  vector: { types: ['vector', 'halfvec', 'sparsevec'], methods: ['hnsw', 'ivfflat'] },
  postgis: { types: ['geometry', 'geography', 'box2d', 'box3d'] },
  postgis_raster: { types: ['raster'] },
  hstore: { types: ['hstore'] },
  ltree: { types: ['ltree', 'lquery', 'ltxtquery'] },
  citext: { types: ['citext'] },
  isn: { types: ['isbn', 'isbn13', 'issn', 'ean13', 'upc'] },
  rum: { methods: ['rum'] },
  pgroonga: { methods: ['pgroonga'] },
};
