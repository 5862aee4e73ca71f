import type { HttpRequest } from '../types.ts';

/** Fields that concern one connection and never pass a proxy. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What a proxy says about the address that its client used. */
const FORWARDED_ORIGIN = new Set(['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']);

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

/** Header fields for the upstream: hop-by-hop ones left out, X-Forwarded-* set. Pure. */
export function upstreamHeaders(
  request: HttpRequest,
  upstreamHost: string,
  options: ForwardOptions,
): Record<string, string> {
  const { headers } = request;
  const dropped = connectionOptions(headers.connection);
  const forwarded: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || dropped.has(name)) continue;
    // Answered here already; the upstream would answer it again.
    if (name === 'expect' || name === 'host') continue;
    if (name === 'x-forwarded-for' || name === 'forwarded' || name === 'x-real-ip') continue;
    if (FORWARDED_ORIGIN.has(name) && !options.keepForwarded) continue;
    forwarded[name] = value;
  }
  const host = headers.host ?? '';
  forwarded.host = options.keepHost && host !== '' ? host : upstreamHost;
  if (request.remoteAddress !== '') forwarded['x-forwarded-for'] = request.remoteAddress;
  forwarded['x-forwarded-host'] ??= host;
  forwarded['x-forwarded-proto'] ??= 'http';
  return forwarded;
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
    if (!HOP_BY_HOP.has(name) && !dropped.has(name) && name !== 'date') headers.push(raw[i]!, raw[i + 1]!);
  }
  return headers;
}
