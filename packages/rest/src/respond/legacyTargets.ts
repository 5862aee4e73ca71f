/**
 * Embeds that a request addresses by name although they have an alias: allowed by `url-use-legacy-target-names`, and
 * warned of in the response and the log. Pure.
 */
import { encodeHeader, type HttpResponse, withHeaders } from '@peakstone/kernel/http';
import { prettyVersion } from '../version.ts';

export const legacyTargetsMessage =
  'Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop working in a future release.';

/** `` `films` to `f` ``: what to write in place of what. */
export function legacyTargetsHint(replacements: readonly (readonly [name: string, alias: string])[]): string {
  return replacements.map(([name, alias]) => `\`${name}\` to \`${alias}\``).join(', ');
}

/** Adds the Warning header. @see https://www.rfc-editor.org/rfc/rfc7234#section-5.5 */
export function warnOfLegacyTargets(
  response: HttpResponse,
  replacements: readonly (readonly [name: string, alias: string])[],
): HttpResponse {
  const text = `${legacyTargetsMessage} Update ${legacyTargetsHint(replacements)} in query string filters, orders or limits.`;
  const value = `299 PostgRESTv${prettyVersion.replaceAll(' ', '')} "${text}"`;
  return withHeaders(response, ['Warning', encodeHeader(value)]);
}
