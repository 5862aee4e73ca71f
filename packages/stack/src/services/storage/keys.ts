import { signStackKeys } from '../../project/apiKeys.ts';
import type { EnvValues } from '../../project/envFile.ts';

/** With the anon key, which clients of S3 that come with a user's token have for their secret. Pure. */
export function withAnonKey(env: EnvValues): EnvValues {
  return env.ANON_KEY || !env.JWT_SECRET ? env : { ...env, ANON_KEY: signStackKeys(env).anon };
}
