/**
 * Whether a host is one of those that a fresh `.env` names as examples: nobody's, so nothing may lead there. Pure.
 * @see https://www.rfc-editor.org/rfc/rfc2606#section-3
 */
export function isExampleHost(host: string): boolean {
  return /(?:^|\.)example\.(?:com|net|org)$/i.test(host);
}
