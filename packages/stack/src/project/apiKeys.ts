import { type ApiKeys, readSupabaseMode, signApiKeys } from '@peakstone/database';
import type { EnvValues } from './envFile.ts';
import { StackError } from './errors.ts';

/** 2025-01-01; with the lifetime, keys hold until 2045. Rotation, not expiry, ends them. */
const keysIssuedAt = 1_735_689_600;
const keysLifetime = 20 * 365.25 * 24 * 3600;

/**
 * The anon key and the service key of settings. Always the same for the same secret, so that what was copied yesterday equals what is
 * printed today. Pure. @throws {StackError} `config`
 */
export function signStackKeys(values: EnvValues): ApiKeys {
  const supabase = readSupabaseMode(values) !== 'off';
  return signApiKeys({
    secret: jwtSecretOf(values),
    issuedAt: keysIssuedAt,
    lifetimeSeconds: keysLifetime,
    ...(supabase ? {} : { anonRole: 'web_anon', serviceRole: 'app_user' }),
  });
}

/** What tokens are signed with. Pure. @throws {StackError} `config` when there is none yet. */
export function jwtSecretOf({ JWT_SECRET: secret }: EnvValues): string {
  if (secret) return secret;
  throw new StackError('config', 'There is no JWT_SECRET yet.', {
    hint: `'peakstone up' makes it, in .env.`,
  });
}
