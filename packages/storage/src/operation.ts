import type { HttpResponse } from '@peakstone/kernel/http';
import type { S3Request } from './request.ts';
import type { Server } from './server.ts';
import type { Grant } from './store/rows.ts';

/** One operation of S3: what asks for it, what it needs, what it does. A file each, and a row of `operations/index.ts`. */
export interface Operation {
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly level: 'service' | 'bucket' | 'object';
  /** Parameters that must be there. */
  readonly query?: readonly string[];
  /** A header that must be there. */
  readonly header?: string;
  /** What policies call it; absent: it decides itself. */
  readonly action?: string | ((request: S3Request) => string);
  /** The permission of an ACL that suffices. */
  readonly acl?: { readonly of: 'bucket' | 'object'; readonly permission: Grant['permission'] };
  /** Policies may ask for what the object is: its tags. */
  readonly looksAt?: true;
  /** Works on a bucket that does not exist. */
  readonly makesBucket?: true;
  run(server: Server, request: S3Request): Promise<HttpResponse> | HttpResponse;
}
