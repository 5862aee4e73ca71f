/** What a bucket takes, whichever door it comes by. Pure. */
import { RecordError } from './errors.ts';

export interface BucketLimits {
  /** Bytes; null: the server's own. */
  readonly file_size_limit: number | null;
  readonly allowed_mime_types: readonly string[] | null;
}

/** A folder that clients keep open by an empty object. */
export function isPlaceholder(name: string): boolean {
  return name.endsWith('.emptyFolderPlaceholder');
}

/** @throws {RecordError} mimeType */
export function assertType(
  type: string,
  name: string,
  { allowed_mime_types: allowed }: Pick<BucketLimits, 'allowed_mime_types'>,
): void {
  if (allowed === null || allowed.length === 0 || isPlaceholder(name)) return;
  const [kind, sub] = type.split('/');
  const fits = allowed.some(each => {
    const [allowedKind, allowedSub] = each.split('/');
    return sub !== undefined && allowedKind === kind && (allowedSub === '*' || allowedSub === sub);
  });
  if (!fits && !allowed.includes('*/*') && !allowed.includes('*'))
    throw new RecordError('mimeType', `mime type ${type} is not supported`);
}

/** @throws {RecordError} tooLarge */
export function assertSize(size: number, name: string, limits: Pick<BucketLimits, 'file_size_limit'>): void {
  const most = isPlaceholder(name) ? 0 : limits.file_size_limit;
  if (most !== null && most !== undefined && size > most)
    throw new RecordError('tooLarge', 'The object exceeded the maximum allowed size');
}
