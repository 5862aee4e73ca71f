/** Who may ask, by the settings. */
import { ConfigError, readEnum, readList } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { readFlag } from './flag.ts';
import { parseJwtSecrets } from './jwt.ts';
import type { AuthConfig, GraphqlConfig } from './types.ts';

const prefix = 'HASURA_GRAPHQL_';

/** @throws {ConfigError} that names the variable, and for combinations that would let in whom nobody meant to. Pure. */
export function readAuth(env: Env, authorization: GraphqlConfig['authorization']): AuthConfig {
  const secret = env[`${prefix}ADMIN_SECRET`] || env[`${prefix}ACCESS_KEY`];
  const secrets = env[`${prefix}ADMIN_SECRETS`];
  const jwt = env[`${prefix}JWT_SECRETS`] || env[`${prefix}JWT_SECRET`];
  const url = env[`${prefix}AUTH_HOOK`];
  const adminSecrets = secrets ? secretsOf(secrets) : secret ? [secret] : [];
  const auth: AuthConfig = {
    adminSecrets,
    jwt: jwt ? parseJwtSecrets(jwt) : [],
    hook: url
      ? {
          url,
          mode: readEnum(env, `${prefix}AUTH_HOOK_MODE`, ['GET', 'POST'], { default: 'GET' }),
          sendRequestBody: readFlag(env, `${prefix}AUTH_HOOK_SEND_REQUEST_BODY`, true),
        }
      : null,
    unauthorizedRole: env[`${prefix}UNAUTHORIZED_ROLE`] || null,
    unauthorizedVariables: unauthorizedVariablesOf(env, authorization),
  };
  assertAuth(auth, authorization);
  return auth;
}

/** Combinations that would let in whom nobody meant to. @throws {ConfigError} */
function assertAuth(auth: AuthConfig, authorization: GraphqlConfig['authorization']): void {
  const hasSecret = auth.adminSecrets.length > 0;
  const everybody = 'Without an admin secret everybody is the administrator.';
  if (!hasSecret && (auth.jwt.length > 0 || auth.hook))
    throw new ConfigError(`${prefix}ADMIN_SECRET`, 'set where JWT or a webhook is', { hint: everybody });
  if (!hasSecret && authorization === 'rls')
    throw new ConfigError(`${prefix}ADMIN_SECRET`, 'set where PEAKSTONE_GRAPHQL_AUTHORIZATION is rls', {
      hint: everybody,
    });
  if (auth.unauthorizedRole === null) return;
  if (!hasSecret || auth.hook)
    throw new ConfigError(`${prefix}UNAUTHORIZED_ROLE`, 'used with an admin secret, and without a webhook', {
      hint: hasSecret ? 'The webhook says which role strangers have.' : everybody,
    });
}

/** Where the database decides, they would be who asks: auth.uid() is one of them. */
function unauthorizedVariablesOf(env: Env, authorization: GraphqlConfig['authorization']): readonly string[] {
  const name = 'PEAKSTONE_GRAPHQL_UNAUTHORIZED_VARIABLES';
  const names = readList(env, name, { default: [] }).map(each => each.toLowerCase());
  const wrong = names.find(each => !/^x-hasura-[^\s]+$/.test(each) || isOfAuthentication(each));
  if (wrong !== undefined) throw new ConfigError(name, 'a list such as x-hasura-share', { got: wrong });
  if (names.length > 0 && authorization === 'rls')
    throw new ConfigError(name, 'not set where PEAKSTONE_GRAPHQL_AUTHORIZATION is rls', {
      hint: 'Policies know a stranger by his role alone; read what he sends from an argument of the query.',
    });
  return names;
}

const isOfAuthentication = (name: string): boolean =>
  /^x-hasura-(role|admin-secret|access-key|use-backend-only-permissions)$/.test(name);

function secretsOf(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every(each => typeof each === 'string' && each !== '')) return value;
  } catch {
    // Told below, without repeating it.
  }
  throw new ConfigError(`${prefix}ADMIN_SECRETS`, 'a JSON list of texts');
}
