import { httpOrigin } from '../../container/endpoints.ts';
import type { Stack } from '../../definition.ts';

/** Where the other services reach the log store; nothing when the stack has none. */
export function logsOrigin(stack: Stack): string | undefined {
  return httpOrigin(stack, 'logs');
}
