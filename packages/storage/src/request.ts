/** One S3 request, with all that is known of it by the time that an operation gets it. */
import type { HttpRequest } from '@peakstone/kernel/http';
import type { Identity } from './iam/identity.ts';
import type { Payload, PayloadOptions } from './payload/payload.ts';
import type { RecordCaller } from './store/changes.ts';
import type { Query } from './wire/query.ts';

export interface S3Request {
  readonly http: HttpRequest;
  readonly method: string;
  readonly headers: HttpRequest['headers'];
  readonly query: Query;
  /** Empty: the service itself. */
  readonly bucket: string;
  /** Decoded; empty: the bucket itself. */
  readonly key: string;
  readonly id: string;
  /** Milliseconds, when it came. */
  readonly now: number;
  readonly identity: Identity;
  /** How it was signed, for conditions. */
  readonly signedBy: 'header' | 'query' | 'form' | 'none';
  /** On whose behalf rows change; absent: the server's own. */
  readonly by?: RecordCaller | undefined;
  /** Its body, unread. */
  payload(options?: PayloadOptions): Payload;
}
