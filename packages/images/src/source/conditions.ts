/** Conditions of a request against what a file says of itself. Pure. */
import type { SourceHeaders } from './types.ts';

/** The tag counts when one is asked for, else the time. */
export function isNotModified(
  request: SourceHeaders,
  etag: string | undefined,
  modified: Date | undefined,
): boolean {
  const none = request['if-none-match'];
  if (none !== undefined && etag !== undefined) {
    return none === '*' || none.split(',').some(each => plainTag(each) === plainTag(etag));
  }
  const since = Date.parse(request['if-modified-since'] ?? '');
  return modified !== undefined && Math.floor(modified.getTime() / 1000) * 1000 <= since;
}

const plainTag = (tag: string): string => tag.trim().replace(/^W\//, '');

export interface ByteRange {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

/** The first range that is asked for; null without one, undefined when it is none that can be answered. */
export function parseRange(header: string | undefined, size: number): ByteRange | null | undefined {
  if (header === undefined) return null;
  const match = /^bytes=\s*(\d{1,15})-(\d{0,15})\s*(?:,|$)/.exec(header);
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end ? undefined : { start, end };
}
