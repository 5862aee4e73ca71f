import { ConfigError, readString } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import type { GraphqlConfig, RequestLogin } from './types.ts';

const login = 'PEAKSTONE_GRAPHQL_REQUEST_LOGIN';
const secret = 'PEAKSTONE_GRAPHQL_REQUEST_PASSWORD';

/** Null where it is not set. @throws {ConfigError} for a password of nobody. Pure. */
export function readRequestLogin(env: Env): RequestLogin | null {
  const role = readString(env, login, { default: null });
  const password = readString(env, secret, { default: null }) ?? undefined;
  if (role !== null) return { role, password };
  if (password === undefined) return null;
  throw new ConfigError(login, `set where ${secret} is: the role that logs in with it`);
}

/** Whether what users' requests set off in the database can write the metadata. Pure. */
export function sharesLogin({
  authorization,
  requestLogin,
  databaseUrl,
  metadataDatabaseUrl,
}: GraphqlConfig): boolean {
  return authorization === 'rls' && requestLogin === null && databaseUrl === metadataDatabaseUrl;
}

export const sharedLoginNotice = `Users’ requests run in sessions of the login that keeps the metadata, which functions in the database can change then. Name one that owns nothing in ${login}.`;
