/** Answers of webhooks as JSON, where they are. */
import { runPaced } from '@peakstone/kernel/pace';
import { parseJson } from '../ir/json.ts';
import { parseJsonSlices } from '../ir/jsonSlices.ts';
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

/** The same of what may be large, in slices. */
export async function jsonOfLarge(text: string): Promise<unknown> {
  try {
    return await runPaced(parseJsonSlices(Buffer.from(text)));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
