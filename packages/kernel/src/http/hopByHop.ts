/** Fields that concern one connection and never pass on from it. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a field, in lower case, is about the connection and not the message. Pure. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/**
 * Whether a field, in lower case, tells how a message travels: what an application or a database says of it is left out,
 * because the edge frames every message itself. Pure.
 */
export function isFraming(name: string): boolean {
  return name === 'content-length' || HOP_BY_HOP.has(name);
}
