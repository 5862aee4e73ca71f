/** Settings of the API of Supabase Storage, in its own words where it has some. Pure. */
import { ConfigError, readInt } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';

export interface SupabaseConfig {
  /** Of a login that may take on the roles of requests. */
  readonly databaseUrl: string;
  /** Text, or a set of keys, as PostgREST takes it. */
  readonly jwtSecret: string;
  /** The secret of S3's clients that come with a user's token; absent: none do. */
  readonly anonKey: string | undefined;
  readonly maxObjectBytes: number;
  readonly resumableMs: number;
  readonly uploadUrlSeconds: number;
}

const gib = 1024 ** 3;

/** Undefined where no database is named: S3 alone is served then. @throws {ConfigError} naming the variable */
export function readSupabaseConfig(env: Env): SupabaseConfig | undefined {
  const databaseUrl = env.PEAKSTONE_STORAGE_DB_URI;
  if (!databaseUrl || env.DATABASE_SUPABASE === 'off') return undefined;
  const jwtSecret = env.PGRST_JWT_SECRET || env.JWT_SECRET;
  if (!jwtSecret)
    throw new ConfigError('JWT_SECRET', 'the secret that tokens are signed with, as the REST API has it');
  return {
    databaseUrl,
    jwtSecret,
    anonKey: env.ANON_KEY || undefined,
    maxObjectBytes: readInt(env, 'FILE_SIZE_LIMIT', { default: 50 * gib, min: 1, max: 5 * 1024 * gib }),
    resumableMs: readInt(env, 'TUS_URL_EXPIRY_MS', {
      default: 24 * 3_600_000,
      min: 1,
      max: 30 * 24 * 3_600_000,
    }),
    uploadUrlSeconds: readInt(env, 'UPLOAD_SIGNED_URL_EXPIRATION_TIME', {
      default: 7200,
      min: 1,
      max: 7 * 24 * 3600,
    }),
  };
}
