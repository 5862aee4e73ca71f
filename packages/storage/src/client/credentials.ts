/** Keys of servers by alias or address, from where other clients keep theirs: never from a command line. Reads files. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Env } from '@peakstone/kernel/service';
import type { Endpoint } from './connection.ts';
import { ClientError } from './error.ts';
import type { Site } from './location.ts';

/**
 * An alias is `MC_HOST_NAME` in the environment or of mc's own file; the keys of an address are Amazon's usual variables,
 * or the profile of `~/.aws/credentials`.
 * @throws {ClientError} there are none
 */
export function endpointOf(site: Exclude<Site, { readonly kind: 'stack' }>, env: Env): Endpoint {
  return site.kind === 'alias' ? ofAlias(site.name, env) : ofAddress(site.origin, env);
}

function ofAlias(name: string, env: Env): Endpoint {
  const given = env[`MC_HOST_${name}`];
  if (given) return readHost(name, given, env);
  const file = path.join(env.MC_CONFIG_DIR || path.join(homeOf(env), '.mc'), 'config.json');
  const found = readAliases(file)[name];
  if (found === undefined)
    throw new ClientError(
      'NoAlias',
      0,
      `There is no alias ${name}.`,
      `Set MC_HOST_${name}=https://KEY:SECRET@HOST, or make it with mc: mc alias set ${name} https://HOST`,
    );
  const { url = '', accessKey = '', secretKey = '', sessionToken } = found;
  return { origin: originOf(url, name), accessKey, secretKey, sessionToken, region: regionOf(env) };
}

/** `https://KEY:SECRET[:TOKEN]@HOST`, as mc reads it. */
function readHost(name: string, text: string, env: Env): Endpoint {
  const match = /^(https?):\/\/([^:@]+):([^@]+)@([^/@]+)\/?$/.exec(text);
  if (match === null)
    throw new ClientError(
      'BadAlias',
      0,
      `MC_HOST_${name} is none of mc’s addresses.`,
      'Write it as https://KEY:SECRET@HOST, with what stands for itself in no URL percent-encoded.',
    );
  const [, scheme, accessKey, secret, host] = match;
  const [secretKey, sessionToken] = secret!.split(':');
  return {
    origin: `${scheme}://${host}`,
    accessKey: decodeURIComponent(accessKey!),
    secretKey: decodeURIComponent(secretKey!),
    sessionToken: sessionToken && decodeURIComponent(sessionToken),
    region: regionOf(env),
  };
}

interface Alias {
  readonly url?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly sessionToken?: string;
}

function readAliases(file: string): Readonly<Record<string, Alias>> {
  const text = readIfThere(file);
  if (text === undefined) return {};
  try {
    return (JSON.parse(text) as { aliases?: Record<string, Alias> }).aliases ?? {};
  } catch (error) {
    throw new ClientError('BadAlias', 0, `${file} is no file of mc’s.`, 'Look at it: mc alias list', error);
  }
}

function ofAddress(origin: string, env: Env): Endpoint {
  const region = regionOf(env);
  if (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY)
    return {
      origin,
      region,
      accessKey: env.AWS_ACCESS_KEY_ID,
      secretKey: env.AWS_SECRET_ACCESS_KEY,
      sessionToken: env.AWS_SESSION_TOKEN || undefined,
    };
  const file = env.AWS_SHARED_CREDENTIALS_FILE || path.join(homeOf(env), '.aws', 'credentials');
  const profile = env.AWS_PROFILE || 'default';
  const section = readSection(readIfThere(file) ?? '', profile);
  const accessKey = section.get('aws_access_key_id');
  const secretKey = section.get('aws_secret_access_key');
  if (accessKey === undefined || secretKey === undefined)
    throw new ClientError(
      'NoKeys',
      0,
      `There are no keys for ${origin}.`,
      `Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or keep them in ${file}, profile ${profile}.`,
    );
  return { origin, region, accessKey, secretKey, sessionToken: section.get('aws_session_token') };
}

function readSection(text: string, wanted: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let name = '';
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[\s*(?:profile\s+)?(.*?)\s*\]\s*$/.exec(line);
    if (head !== null) name = head[1]!;
    const pair = /^\s*([\w]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (pair !== null && name === wanted) found.set(pair[1]!.toLowerCase(), pair[2]!);
  }
  return found;
}

function originOf(url: string, name: string): string {
  const match = /^(https?:\/\/[^/@]+)\/?$/.exec(url);
  if (match === null)
    throw new ClientError(
      'BadAlias',
      0,
      `The alias ${name} has no address.`,
      `Make it anew: mc alias set ${name}`,
    );
  return match[1]!;
}

const regionOf = (env: Env): string | undefined => env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined;
const homeOf = (env: Env): string => env.HOME || homedir();

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
