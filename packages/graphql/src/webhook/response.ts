/** Answers of webhooks as JSON, where they are. */
import { parseJson } from '../ir/json.ts';
import type { HeaderList } from './request.ts';

/** The body as JSON; undefined for one that is none. Pure. */
export function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // Told by who asked, each in words of its own.
    return undefined;
  }
}

/** Headers as the reference shows them. Pure. */
export function showHeaders(
  headers: HeaderList,
): readonly { readonly name: string; readonly value: string }[] {
  return headers.map(([name, value]) => ({ name, value }));
}
