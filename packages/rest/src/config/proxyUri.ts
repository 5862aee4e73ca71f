/** The address under which clients reach the API, as the OpenAPI document names it. */

export interface ProxyUri {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Scheme, host, optional port and path; no user, no query, no fragment. */
const shape = /^(https?):\/\/([A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::(\d*))?(\/[^?#\s]*)?$/i;

/** @returns null when the text is not an absolute http(s) URI of that shape. Pure. */
export function parseProxyUri(text: string): ProxyUri | null {
  const match = shape.exec(text);
  if (!match) return null;
  const scheme = match[1]!.toLowerCase() as 'http' | 'https';
  const portText = match[3];
  const port = portText ? Number(portText) : scheme === 'http' ? 80 : 443;
  if (portText === '' || port < 1 || port > 65_535) return null;
  return { scheme, host: match[2]!, port, path: match[4] ?? '/' };
}
