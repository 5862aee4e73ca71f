import type { EnvValues } from '../../project/envFile.ts';

/** What to tell of an empty database beside one that was served before. Pure. */
export function sayLeftBehind([before]: readonly string[], { POSTGRES_DB }: EnvValues): string[] {
  if (before === undefined) return [];
  return [
    `The database '${POSTGRES_DB || 'postgres'}' is empty, and '${before}' was served before. To serve that again, set POSTGRES_DB=${before} where it is set, then stop and start the stack.`,
  ];
}
