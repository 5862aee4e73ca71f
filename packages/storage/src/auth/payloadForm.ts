/** How the bytes of a body come, as `x-amz-content-sha256` tells. Pure. */
import { S3Error } from '../errors/s3Error.ts';
import type { HmacKey } from './hmac.ts';
import type { Scope } from './signingKey.ts';

/** What the first chunk's signature is chained to. */
export interface ChunkSeed {
  readonly key: HmacKey;
  readonly scope: Scope;
  readonly time: string;
  readonly signature: string;
}

export type PayloadForm =
  /** As it is; its digest must be this. */
  | { readonly kind: 'digest'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  /** In chunks of `aws-chunked`, each signed where there is a seed. */
  | { readonly kind: 'chunks'; readonly seed: ChunkSeed | undefined; readonly trailer: boolean };

/** @throws {S3Error} InvalidArgument */
export function readPayloadForm(declared: string, seed: ChunkSeed | undefined): PayloadForm {
  switch (declared) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunks', seed: undefined, trailer: true };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunks', seed, trailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunks', seed, trailer: true };
    default:
      if (!/^[0-9a-f]{64}$/i.test(declared))
        throw new S3Error(
          'InvalidArgument',
          'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
        );
      return { kind: 'digest', sha256: declared.toLowerCase() };
  }
}
