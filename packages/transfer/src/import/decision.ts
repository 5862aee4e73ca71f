import type { Act } from './administrator/index.ts';
import type { Note } from './notes.ts';

/** Whose database it was: a Supabase project's, or anybody's. */
export type Origin = 'supabase' | 'postgres';

export type Decision =
  /** As the owner, with `last` when all else is done. `made` counts it in the report. */
  | {
      readonly do: 'run';
      readonly text: string;
      readonly last?: string;
      readonly made?: string;
      readonly note?: Note;
    }
  /** As the owner, when all else is done. */
  | { readonly do: 'run last'; readonly text: string }
  /** As the administrator, by the rule of `administrator/act.ts`. */
  | { readonly do: 'administer'; readonly acts: readonly Act[]; readonly made?: string; readonly note?: Note }
  /** A session's setting, also said again when a run is taken up. */
  | { readonly do: 'set'; readonly text: string }
  | { readonly do: 'begin' | 'end' }
  /** Nothing is lost by leaving it out; `note` where it is to be told. */
  | { readonly do: 'leave'; readonly note?: Note };

/** Nothing is lost, and nothing is to be told. */
export const leave: Decision = { do: 'leave' };

/** Left out, and told. */
export function aside(what: string, name: string, why: string, remedy?: string, at?: string): Decision {
  return {
    do: 'leave',
    note: {
      kind: 'aside',
      what,
      name,
      why,
      ...(remedy !== undefined && { remedy }),
      ...(at !== undefined && { at }),
    },
  };
}
