/**
 * Refusals in the light of what the role may do (`client-error-hints-by-role`): suggestions name nothing that it may not
 * use, and a privilege that is missing is named, with the statement that grants it.
 */
import type { RestError } from '../errors.ts';
import type { Asked } from './hints/asked.ts';
import { hintOfBody } from './hints/body.ts';
import { hintOfColumns } from './hints/columns.ts';
import { hintOfDenial } from './hints/denied.ts';
import { hintOfPolicies } from './hints/policies.ts';
import { usableAmong } from './hints/usable.ts';

const hintOfAggregates =
  'Aggregates are off, as one request may read a whole table. The setting PGRST_DB_AGGREGATES_ENABLED=true turns them on.';

/** The refusal with the hint that the role may be given. @throws what the database answers when it cannot be asked. */
export async function hintByRole(refusal: RestError, asked: Asked): Promise<RestError> {
  const { suggestions } = refusal;
  if (suggestions && suggestions.candidates.length > 0) {
    return refusal.telling(suggestions.tell(await usableAmong(suggestions.candidates, asked)));
  }
  switch (refusal.code) {
    case '42501': {
      // What a function says with its own RAISE stands.
      if (refusal.hint !== null) return refusal;
      const hint =
        (await hintOfDenial(refusal.message, asked)) ?? (await hintOfPolicies(refusal.message, asked));
      return hint === null ? refusal : refusal.telling({ hint });
    }
    case '42703':
      return refusal.hint === null
        ? refusal
        : refusal.telling({ hint: await hintOfColumns(refusal.hint, asked) });
    case 'PGRST123':
      return refusal.telling({ hint: hintOfAggregates });
    case 'PGRST204': {
      const hint = hintOfBody(asked.request);
      return hint === null ? refusal : refusal.telling({ hint });
    }
    default:
      return refusal;
  }
}
