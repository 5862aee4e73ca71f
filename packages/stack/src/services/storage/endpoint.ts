import { httpOrigin } from '../../container/endpoints.ts';
import { findService, type Stack } from '../../definition.ts';

/** Whether our own server serves it, which makes its buckets and users itself. */
export function hasOwnStorage(stack: Stack): boolean {
  return findService(stack, 'storage')?.engine === 'peakstone';
}

/** Where the other services reach the object storage; nothing when the stack has none. */
export function storageOrigin(stack: Stack): string | undefined {
  return httpOrigin(stack, 'storage');
}

/** Below it the service of pictures fetches what it is told to by the storage, which says by a token what that may be. */
export const sourcePath = '/v1/source/';
