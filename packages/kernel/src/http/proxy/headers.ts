import { isHopByHop } from '../hopByHop.ts';
import type { HttpRequest } from '../types.ts';
import { type Framing, framingHeaders } from './framing.ts';

/** What a proxy says about its client's address: said by us alone. */
const CLIENT_ADDRESS = new Set(['x-forwarded-for', 'forwarded', 'x-real-ip']);

/** What a proxy says about the address that its client used. */
const FORWARDED_ORIGIN = new Set(['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']);

/** What a client's Connection can't take away: how the message is framed and routed, and what we say of it ourselves. */
const KEPT = new Set([
  'content-length',
  'host',
  'x-forwarded-prefix',
  'x-request-id',
  ...CLIENT_ADDRESS,
  ...FORWARDED_ORIGIN,
]);

function connectionOptions(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map(option => option.trim().toLowerCase()));
}

export interface ForwardOptions {
  /** Keep the client's Host (signatures such as S3's cover it) instead of the upstream's. Default false. */
  readonly keepHost?: boolean;
  /**
   * Requests come through proxies that are trusted: what they say about protocol and host is handed on. Default false.
   * X-Forwarded-For is always the client's address as the server made it out.
   */
  readonly keepForwarded?: boolean;
}

/**
 * A request's fields with where it comes from as the server made it out, whatever the client says of that itself: what a
 * service is handed, in this process or behind a URL. Pure.
 */
export function fieldsWithOrigin(
  { headers, remoteAddress }: Pick<HttpRequest, 'headers' | 'remoteAddress'>,
  { keepForwarded }: ForwardOptions,
): Record<string, string | undefined> {
  const fields: Record<string, string | undefined> = {};
  for (const name in headers) {
    if (CLIENT_ADDRESS.has(name) || (FORWARDED_ORIGIN.has(name) && !keepForwarded)) continue;
    fields[name] = headers[name];
  }
  if (remoteAddress !== '') fields['x-forwarded-for'] = remoteAddress;
  fields['x-forwarded-host'] ??= headers.host ?? '';
  fields['x-forwarded-proto'] ??= 'http';
  return fields;
}

/** Header fields for the upstream: hop-by-hop ones left out, X-Forwarded-* set, the body framed by us. Pure. */
export function upstreamHeaders(
  request: HttpRequest,
  upstreamHost: string,
  framing: Framing,
  options: ForwardOptions,
): Record<string, string> {
  const { host = '', connection } = request.headers;
  const dropped = connectionOptions(connection);
  const forwarded: Record<string, string> = {};
  for (const [name, value] of Object.entries(fieldsWithOrigin(request, options))) {
    if (value === undefined || isHopByHop(name) || (dropped.has(name) && !KEPT.has(name))) continue;
    // Answered here already; the upstream would answer it again. Proxy becomes HTTP_PROXY in CGI programs.
    if (name === 'expect' || name === 'host' || name === 'content-length' || name === 'proxy') continue;
    forwarded[name] = value;
  }
  forwarded.host = options.keepHost && host !== '' ? host : upstreamHost;
  return Object.assign(forwarded, framingHeaders(framing));
}

/** The upstream's header fields for the client, flat and in order. Pure. */
export function downstreamHeaders(raw: readonly string[]): string[] {
  const dropped = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.toLowerCase() === 'connection')
      for (const option of connectionOptions(raw[i + 1])) dropped.add(option);
  }
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!isHopByHop(name) && !(dropped.has(name) && name !== 'content-length') && name !== 'date')
      headers.push(raw[i]!, raw[i + 1]!);
  }
  return headers;
}
