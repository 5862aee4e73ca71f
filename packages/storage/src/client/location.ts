/** Where things are, as command lines name it. Pure. */
import { ClientError } from './error.ts';

/** Which server: the stack's own, one of a name, or one of an address. */
export type Site =
  | { readonly kind: 'stack' }
  | { readonly kind: 'alias'; readonly name: string }
  | { readonly kind: 'url'; readonly origin: string };

export interface RemoteLocation {
  readonly kind: 's3';
  readonly site: Site;
  /** Empty: the server itself. */
  readonly bucket: string;
  /** Empty: the bucket itself. */
  readonly key: string;
  /** As it was typed. */
  readonly text: string;
}

export type Location =
  | RemoteLocation
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  /** Standard input or output. */
  | { readonly kind: 'stream'; readonly text: string };

const scheme = /^s3:\/\/(.*)$/s;
const address = /^(https?:\/\/[^/]+)(?:\/(.*))?$/s;
const alias = /^([A-Za-z][\w.-]+):(?!\/\/)(.*)$/s;

/**
 * `s3://BUCKET/KEY` (the stack's), `ALIAS:BUCKET/KEY`, `https://HOST/BUCKET/KEY`; else a file, `-` for a stream.
 * @throws {ClientError} for a password in an address: others see command lines
 */
export function parseLocation(text: string): Location {
  if (text === '-') return { kind: 'stream', text };
  return parseSite(text) ?? { kind: 'file', path: text, text };
}

/** The same where only servers are meant: a bare `BUCKET/KEY` is the stack's. */
export function parseRemote(text: string): RemoteLocation {
  return parseSite(text) ?? placed({ kind: 'stack' }, text, text);
}

function parseSite(text: string): RemoteLocation | undefined {
  const own = scheme.exec(text);
  if (own !== null) return placed({ kind: 'stack' }, own[1]!, text);
  const url = address.exec(text);
  if (url !== null) {
    if (url[1]!.includes('@'))
      throw new ClientError(
        'Usage',
        0,
        'An address must not hold keys: others see command lines.',
        'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an alias: MC_HOST_NAME=https://KEY:SECRET@HOST',
      );
    return placed({ kind: 'url', origin: url[1]! }, url[2] ?? '', text);
  }
  const named = alias.exec(text);
  return named === null ? undefined : placed({ kind: 'alias', name: named[1]! }, named[2]!, text);
}

/** A key is taken as it is: it may begin with a slash. */
function placed(site: Site, rest: string, text: string): RemoteLocation {
  const slash = rest.indexOf('/');
  return {
    kind: 's3',
    site,
    bucket: slash < 0 ? rest : rest.slice(0, slash),
    key: slash < 0 ? '' : rest.slice(slash + 1),
    text,
  };
}

/** As it can be typed again. */
export function remoteText({ site, text }: RemoteLocation, bucket: string, key: string): string {
  const rest = key === '' ? bucket : `${bucket}/${key}`;
  if (site.kind === 'alias') return `${site.name}:${rest}`;
  if (site.kind === 'url') return `${site.origin}/${rest}`;
  return text.startsWith('s3://') ? `s3://${rest}` : rest;
}
