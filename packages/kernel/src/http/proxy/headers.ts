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

function connectionOptions(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map(option => option.trim().toLowerCase()));
}

export interface ForwardOptions {
  /** Keep the client's Host (signatures such as S3's cover it) instead of the upstream's. Default false. */
  readonly keepHost?: boolean;
  /** The request came through proxies that are trusted: their X-Forwarded-* are handed on. Default false. */
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
    if (name.startsWith('x-forwarded-') || name === 'forwarded') {
      const ours = name === 'x-forwarded-prefix';
      if (!options.keepForwarded && !ours) continue;
    }
    forwarded[name] = value;
  }
  const host = headers.host ?? '';
  forwarded.host = options.keepHost && host !== '' ? host : upstreamHost;
  const before = options.keepForwarded ? headers['x-forwarded-for'] : undefined;
  const client = request.remoteAddress;
  if (before === undefined && client !== '') forwarded['x-forwarded-for'] = client;
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
