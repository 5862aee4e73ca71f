/** What S3's bucket notifications are told of this door's changes: the same as of S3's own. */
import { announceFrom } from '../announce.ts';
import type { EventName } from '../notify/rules.ts';
import type { PutObject } from '../store/changes.ts';
import type { BucketRow } from '../store/rows.ts';
import type { Call } from './call.ts';

export function announce(
  { door, caller, http }: Call,
  bucket: BucketRow,
  key: string,
  name: EventName,
): PutObject['also'] {
  const source = {
    principal: caller.subject ?? caller.role,
    address: http.remoteAddress,
    userAgent: http.headers['user-agent'] ?? '',
    requestId: '',
  };
  return announceFrom(door.server, source, bucket, key, name);
}
