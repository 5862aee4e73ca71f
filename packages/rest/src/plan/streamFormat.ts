/** Whether rows are sent as they come, and how they are put together. Pure. */
import type { Preferences } from '../parse/prefer.ts';
import type { ResolvedHandler } from './types.ts';

export type StreamFormat = 'json' | 'stripped' | 'csv';

/** Null when the response is made whole: a preference that cannot be honoured is none. */
export function streamFormat(
  preferences: Preferences,
  { handler, mediaType }: ResolvedHandler,
): StreamFormat | null {
  if (!preferences.stream || preferences.count !== undefined || mediaType.kind === 'plan') return null;
  switch (handler.kind) {
    case 'json':
    case 'csv':
      return handler.kind;
    case 'arrayStripped':
      return 'stripped';
    default:
      return null;
  }
}
