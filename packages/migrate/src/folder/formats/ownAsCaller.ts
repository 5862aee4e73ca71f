/**
 * Supabase's migrations are written for its role postgres, which owns everything there and is no superuser. Whoever applies
 * them here takes its place. What the history keeps is the text as it stands in the file.
 */
import { leadingComments } from '@peakstone/kernel/script';

const rules: readonly (readonly [statement: RegExp, part: RegExp, instead: string])[] = [
  [
    /^alter\s(?!default\b)[\s\S]*\sowner\s+to\s/i,
    /(\sowner\s+to\s+)(?:"postgres"|postgres)(?=\s*$)/i,
    '$1CURRENT_USER',
  ],
  [
    /^alter\s+default\s+privileges\s/i,
    /(\sfor\s+(?:role|user)\s+)(?:"postgres"|postgres)(?=\s)/i,
    '$1CURRENT_USER',
  ],
];

/** A statement as it is sent. Pure. @example ownAsCaller('alter table t owner to postgres') // '… owner to CURRENT_USER' */
export function ownAsCaller(text: string): string {
  const at = leadingComments(text);
  const body = text.slice(at);
  const rule = rules.find(([statement]) => statement.test(body));
  return rule ? text.slice(0, at) + body.replace(rule[1], rule[2]) : text;
}
