/** A dump of a part of a database begins with a look at what it needs: who restores it knows it by that. */
import { leadingComments } from './lex.ts';

/** What the text of that statement begins with. */
export const PART_MARK = '-- What this part of a database needs.';

const statement = /^do\s+(?:e|[$\w]*\$)?'?\s*-- What this part of a database needs\./i;

/** Whether a statement is that look. Pure. */
export function asksForNeeds(text: string): boolean {
  return statement.test(text.slice(leadingComments(text)));
}
