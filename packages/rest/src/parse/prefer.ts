/**
 * The Prefer header.
 * @see https://docs.postgrest.org/en/stable/references/api/preferences.html
 * @see https://www.rfc-editor.org/rfc/rfc7240
 */
import { requestErrors } from '../errors.ts';

export interface Preferences {
  readonly resolution?: 'merge-duplicates' | 'ignore-duplicates';
  readonly return?: 'representation' | 'minimal' | 'headers-only';
  readonly count?: 'exact' | 'planned' | 'estimated';
  /** Absent unless the setting `db-tx-end` allows to override. */
  readonly tx?: 'commit' | 'rollback';
  readonly missing?: 'default' | 'null';
  readonly handling?: 'strict' | 'lenient';
  readonly timezone?: string;
  /** Rows at most; an out-of-range or malformed number counts as not given. */
  readonly maxAffected?: number;
  /** Beyond the reference, only where its setting is on: `nested=insert`. */
  readonly nested?: true;
  /** Beyond the reference, only where its setting is on. */
  readonly stream?: true;
  /** As sent, in order; refused under `handling=strict`. */
  readonly invalid: readonly string[];
}

type Choice = 'resolution' | 'return' | 'count' | 'tx' | 'missing' | 'handling';

const choices: ReadonlyMap<string, readonly [Choice, string]> = new Map(
  (
    [
      ['resolution', ['merge-duplicates', 'ignore-duplicates']],
      ['return', ['representation', 'minimal', 'headers-only']],
      ['count', ['exact', 'planned', 'estimated']],
      ['tx', ['commit', 'rollback']],
      ['missing', ['default', 'null']],
      ['handling', ['strict', 'lenient']],
    ] as const
  ).flatMap(([name, values]) => values.map(value => [`${name}=${value}`, [name, value]] as const)),
);

const none: Preferences = { invalid: [] };

/**
 * Reads a Prefer header (several joined by commas). The first of a kind wins. Pure.
 * @example parsePrefer('return=minimal, count=exact', false) // { return: 'minimal', count: 'exact', invalid: [] }
 */
export function parsePrefer(header: string | undefined, allowsTxOverride: boolean): Preferences {
  if (header === undefined) return none;
  const found: { -readonly [K in keyof Preferences]?: Preferences[K] } & { invalid: string[] } = {
    invalid: [],
  };
  let sawMaxAffected = false;
  for (const part of header.split(',')) {
    const preference = part.trim();
    const choice = choices.get(preference);
    if (choice) {
      const [name, value] = choice;
      if (name !== 'tx' || allowsTxOverride) (found as Record<string, unknown>)[name] ??= value;
    } else if (preference.startsWith('timezone=')) {
      found.timezone ??= preference.slice('timezone='.length);
    } else if (preference.startsWith('max-affected=')) {
      if (!sawMaxAffected) {
        sawMaxAffected = true;
        const rows = preference.slice('max-affected='.length).trim();
        if (/^-?\d{1,15}$/.test(rows)) found.maxAffected = Number(rows);
      }
    } else {
      found.invalid.push(preference);
    }
  }
  return found;
}

/** Takes the preferences that settings have turned on out of those that are not known. Pure. */
export function withExtras(
  preferences: Preferences,
  enabled: { readonly nestedInsert: boolean; readonly stream: boolean },
): Preferences {
  const { invalid } = preferences;
  if (invalid.length === 0 || !(enabled.nestedInsert || enabled.stream)) return preferences;
  const nested = enabled.nestedInsert && invalid.includes('nested=insert');
  const stream = enabled.stream && invalid.includes('stream');
  return {
    ...preferences,
    ...(nested ? { nested } : {}),
    ...(stream ? { stream } : {}),
    invalid: invalid.filter(each => !(nested && each === 'nested=insert') && !(stream && each === 'stream')),
  };
}

/** @throws {RestError} PGRST122 when `handling=strict` came with preferences that are not known. */
export function assertPreferences(preferences: Preferences): void {
  if (preferences.handling === 'strict' && preferences.invalid.length > 0) {
    throw requestErrors.invalidPreferences(preferences.invalid);
  }
}

/**
 * The value of Preference-Applied, in the reference's order, or null when nothing was applied.
 * Which preferences apply depends on the request: the caller passes only those.
 */
export function renderPreferenceApplied(applied: Omit<Preferences, 'invalid'>): string | null {
  const parts: string[] = [];
  if (applied.resolution) parts.push(`resolution=${applied.resolution}`);
  if (applied.missing) parts.push(`missing=${applied.missing}`);
  if (applied.return) parts.push(`return=${applied.return}`);
  if (applied.count) parts.push(`count=${applied.count}`);
  if (applied.tx) parts.push(`tx=${applied.tx}`);
  if (applied.handling) parts.push(`handling=${applied.handling}`);
  if (applied.timezone !== undefined) parts.push(`timezone=${applied.timezone}`);
  if (applied.maxAffected !== undefined && applied.handling === 'strict') {
    parts.push(`max-affected=${applied.maxAffected}`);
  }
  if (applied.nested) parts.push('nested=insert');
  if (applied.stream) parts.push('stream');
  return parts.length === 0 ? null : parts.join(', ');
}

/** Whether the total is counted by a query. */
export const countsExactly = (preferences: Preferences): boolean =>
  preferences.count === 'exact' || preferences.count === 'estimated';

/** Whether the planner's guess of the total is asked for. */
export const countsByPlan = (preferences: Preferences): boolean =>
  preferences.count === 'planned' || preferences.count === 'estimated';
