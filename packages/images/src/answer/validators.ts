/** ETag and Last-Modified: the source's own, and its word alone says that nothing has changed. Pure. */
import type { SourceHeaders } from '../source/types.ts';

export interface ValidatorsConfig {
  readonly useEtag: boolean;
  /** In each tag: when it changes, all that is cached is out of date. */
  readonly etagBuster: string;
  readonly useLastModified: boolean;
  /** No picture is older than that. */
  readonly lastModifiedBuster: Date | null;
}

/** The conditions that go on to the source. None at all when a tag is not of this buster: the client's copy is out of date. */
export function sourceConditions(request: SourceHeaders, config: ValidatorsConfig): SourceHeaders {
  const tag = sourceTag(request['if-none-match'], config);
  if (tag === null) return {};
  const since = sinceOf(request['if-modified-since'], config);
  return {
    ...(tag !== undefined && { 'if-none-match': tag }),
    ...(since !== undefined && { 'if-modified-since': since }),
  };
}

/** Null when the tag is none of ours. */
function sourceTag(
  given: string | undefined,
  { useEtag, etagBuster }: ValidatorsConfig,
): string | undefined | null {
  if (!useEtag || given === undefined) return undefined;
  if (etagBuster === '') return given;
  const plain = given.replace(/^W\//, '').replace(/^"|"$/g, '');
  const encoded = plain.startsWith(`${etagBuster}/`) ? plain.slice(etagBuster.length + 1) : null;
  if (encoded === null || !/^[A-Za-z0-9_-]*$/.test(encoded) || encoded.length % 4 === 1) return null;
  const tag = Buffer.from(encoded, 'base64url').toString('latin1');
  return /[\x00-\x1f\x7f]/.test(tag) ? null : tag;
}

function sinceOf(
  given: string | undefined,
  { useLastModified, lastModifiedBuster }: ValidatorsConfig,
): string | undefined {
  if (!useLastModified || given === undefined) return undefined;
  if (lastModifiedBuster === null) return given;
  return Date.parse(given) > lastModifiedBuster.getTime() ? given : undefined;
}

/** Flat headers of an answer made of a source with these. */
export function validatorHeaders(source: SourceHeaders, config: ValidatorsConfig): readonly string[] {
  const headers: string[] = [];
  const modified = source['last-modified'];
  const time = Date.parse(modified ?? '');
  if (config.useLastModified && modified !== undefined && !Number.isNaN(time)) {
    const { lastModifiedBuster: buster } = config;
    const busted = buster !== null && time < buster.getTime();
    headers.push('Last-Modified', busted ? buster.toUTCString() : modified);
  }
  const { etag } = source;
  if (config.useEtag && etag) {
    const busted = `"${config.etagBuster}/${Buffer.from(etag, 'latin1').toString('base64url')}"`;
    headers.push('ETag', config.etagBuster === '' ? etag : busted);
  }
  return headers;
}
