import { columns } from '../../output/columns.ts';
import type { Style } from '../../output/style.ts';

const commands: readonly (readonly [string, string])[] = [
  ['\\d', 'tables, views and sequences'],
  ['\\d NAME', 'one of them: columns, keys, policies, grants'],
  [
    '\\dt \\dv \\dm \\di \\ds',
    'tables, views, materialized views, indexes, sequences; with a pattern: \\dt public.f*',
  ],
  ['\\dn \\df \\dT \\dx', 'schemas, functions, types, extensions'],
  ['\\du \\dp \\l', 'roles, privileges, databases'],
  ['\\x', 'one column a line, on and off; \\gx instead of ; does it once'],
  ['\\timing', 'how long each statement takes, on and off'],
  ['\\i FILE', 'run a file'],
  ["\\copy t from 'FILE'", 'load rows from a file of this machine, or write them to one'],
  ['\\e [FILE]', 'edit what stands here, or a file, in $EDITOR, then run it'],
  ['\\p \\r', 'show what stands here; forget it'],
  ['\\c [DATABASE]', 'connect anew, or to another database'],
  ['\\h [COMMAND]', 'where PostgreSQL explains an SQL command'],
  ['\\q', 'leave; so does Ctrl-D'],
];

/** The list that `\?` shows. Pure. */
export function shellHelp(style: Style, width: number): string {
  return [
    'A statement ends with ; and may take several lines. Tab completes names, Ctrl-C cancels, the arrows find earlier lines.',
    '',
    ...columns(commands, width).map(line =>
      line.replace(/^ {2}(\S.*?)(?= {2,}|$)/, (_, name: string) => `  ${style.bold(name)}`),
    ),
    '',
  ].join('\n');
}

const manual = 'https://www.postgresql.org/docs/17';

/** `\h create table`: its page of the manual. Pure. */
export function sqlHelp(about: string | null): string {
  const words = (about ?? '')
    .trim()
    .toLowerCase()
    .replace(/[^a-z ]/g, '')
    .split(/\s+/)
    .join('');
  return words === '' ? `Every SQL command: ${manual}/sql-commands.html\n` : `${manual}/sql-${words}.html\n`;
}
