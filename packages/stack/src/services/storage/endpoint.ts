import { httpOrigin } from '../../container/endpoints.ts';
import type { Stack } from '../../definition.ts';

/** Where the other services reach the object storage; nothing when the stack has none. */
export function storageOrigin(stack: Stack): string | undefined {
  return httpOrigin(stack, 'storage');
}
