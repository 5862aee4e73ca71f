import { httpOrigin } from '../../container/endpoints.ts';
import type { Stack } from '../../definition.ts';

/** Where the other services reach the service of pictures; nothing when the stack has none. */
export function picturesOrigin(stack: Stack): string | undefined {
  return httpOrigin(stack, 'images');
}
