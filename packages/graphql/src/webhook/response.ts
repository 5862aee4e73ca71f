import type { HeaderList } from './request.ts';

/** Headers as the reference shows them. Pure. */
export function showHeaders(
  headers: HeaderList,
): readonly { readonly name: string; readonly value: string }[] {
  return headers.map(([name, value]) => ({ name, value }));
}
