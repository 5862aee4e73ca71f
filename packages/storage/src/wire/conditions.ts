/** Conditional requests. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html */
import { S3Error } from '../errors/s3Error.ts';
import type { Judge } from '../store/changes.ts';
import type { ObjectRow } from '../store/rows.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** `"etag"` among a list, or `*`. */
function names(list: string, etag: string): boolean {
  return list.split(',').some(each => {
    const one = each.trim();
    return one === '*' || one.replace(/^W\//, '').replace(/^"|"$/g, '') === etag;
  });
}

/** Whole seconds: HTTP's dates have no more. */
const seconds = (ms: number): number => Math.floor(ms / 1000);

/**
 * Of GET and HEAD.
 * @returns true: the client's copy is good (304)
 * @throws {S3Error} PreconditionFailed
 */
export function judgeRead(headers: Headers, { etag, modified }: ObjectRow): boolean {
  const match = headers['if-match'];
  const since = headers['if-unmodified-since'];
  if (match !== undefined) {
    if (!names(match, etag)) throw failed('If-Match');
  } else if (since !== undefined && seconds(modified) > seconds(Date.parse(since)))
    throw failed('If-Unmodified-Since');
  const noneMatch = headers['if-none-match'];
  const modifiedSince = headers['if-modified-since'];
  if (noneMatch !== undefined) return names(noneMatch, etag);
  return modifiedSince !== undefined && seconds(modified) <= seconds(Date.parse(modifiedSince));
}

/** Of the source of a copy. @throws {S3Error} PreconditionFailed */
export function judgeSource(headers: Headers, { etag, modified }: ObjectRow): void {
  const of = (name: string): string | undefined => headers[`x-amz-copy-source-${name}`];
  const match = of('if-match');
  const noneMatch = of('if-none-match');
  const since = of('if-unmodified-since');
  const modifiedSince = of('if-modified-since');
  if (match !== undefined) {
    if (!names(match, etag)) throw failed('x-amz-copy-source-If-Match');
  } else if (since !== undefined && seconds(modified) > seconds(Date.parse(since)))
    throw failed('x-amz-copy-source-If-Unmodified-Since');
  if (noneMatch !== undefined) {
    if (names(noneMatch, etag)) throw failed('x-amz-copy-source-If-None-Match');
  } else if (modifiedSince !== undefined && seconds(modified) <= seconds(Date.parse(modifiedSince)))
    throw failed('x-amz-copy-source-If-Modified-Since');
}

/** Of what is written: judged when it is committed. Undefined where there is no condition. */
export function judgeWrite(headers: Headers): Judge | undefined {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  if (match === undefined && noneMatch === undefined) return undefined;
  return current => {
    if (match !== undefined) {
      if (current === undefined) throw new S3Error('NoSuchKey');
      if (!names(match, current.etag)) throw failed('If-Match');
    }
    if (noneMatch !== undefined && current !== undefined && names(noneMatch, current.etag))
      throw failed('If-None-Match');
  };
}

/** Of what is deleted: also by date and size, as Amazon's directory buckets have it. */
export function judgeDelete(headers: Headers): Judge | undefined {
  const match = headers['if-match'];
  const modified = headers['x-amz-if-match-last-modified-time'];
  const size = headers['x-amz-if-match-size'];
  if (match === undefined && modified === undefined && size === undefined) return undefined;
  return current => {
    // What is not there is deleted already; a marker is there, and matches nothing but `*`.
    if (current === undefined) return;
    if (match !== undefined && !names(match, current.etag)) throw failed('If-Match');
    if (modified !== undefined && seconds(Date.parse(modified)) !== seconds(current.modified))
      throw failed('x-amz-if-match-last-modified-time');
    if (size !== undefined && Number(size) !== current.size) throw failed('x-amz-if-match-size');
  };
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { elements: { Condition: condition } });
}
