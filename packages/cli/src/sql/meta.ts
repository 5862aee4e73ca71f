import { type Description, describable, readDescription } from './describe/queries.ts';

/** What one line for psql asks for. */
export type MetaAction =
  /** Says nothing about the data: how psql prints, or which version wrote the dump. */
  | { readonly kind: 'nothing' }
  /** Null: the present one, on a new connection. */
  | { readonly kind: 'connect'; readonly database: string | null }
  /** `sql` is the same COPY from standard input or to standard output. */
  | {
      readonly kind: 'copy';
      readonly sql: string;
      readonly direction: 'from' | 'to';
      readonly file: string | null;
    }
  /** `relative`: to the file that says so, not to the folder that the command was started in. */
  | { readonly kind: 'include'; readonly file: string; readonly relative: boolean }
  | { readonly kind: 'echo'; readonly text: string }
  | { readonly kind: 'warn'; readonly text: string }
  | { readonly kind: 'describe'; readonly description: Description }
  /** Absent `on`: the other way round. */
  | { readonly kind: 'switch'; readonly what: 'expanded' | 'timing'; readonly on?: boolean }
  | { readonly kind: 'quit' }
  /** For a person at the prompt. */
  | { readonly kind: 'help'; readonly about: string | null }
  | { readonly kind: 'edit'; readonly file: string | null }
  | { readonly kind: 'reset' }
  | { readonly kind: 'print' }
  /** `why` ends the sentence that begins with the command. */
  | { readonly kind: 'refused'; readonly why: string; readonly remedy: string };

/**
 * Reads a line for psql. Pure.
 * @param role Who acts: \connect may name it.
 * @example readMeta('\\connect app', 'db_migrator') // { kind: 'connect', database: 'app' }
 */
export function readMeta(line: string, role: string): MetaAction {
  const [, name = '', rest = ''] = /^\\(\S*)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
  const description = readDescription(line);
  if (description !== null) return { kind: 'describe', description };
  const read = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (read) return read(rest, role);
  return /^(?:d|l$|z$)/.test(name)
    ? refused('describes nothing that is known here', `There are: ${describable}.`)
    : refused('is a command of psql', 'Take the line out, or run the script with psql.');
}

const commands: Readonly<Record<string, (rest: string, role: string) => MetaAction>> = {
  pset: nothing,
  set: readSet,
  unset: nothing,
  encoding: readEncoding,
  a: nothing,
  t: nothing,
  H: nothing,
  f: nothing,
  x: rest => readSwitch('expanded', rest),
  timing: rest => readSwitch('timing', rest),
  connect: readConnect,
  c: readConnect,
  copy: readCopy,
  i: rest => readInclude(rest, false),
  include: rest => readInclude(rest, false),
  ir: rest => readInclude(rest, true),
  include_relative: rest => readInclude(rest, true),
  echo: rest => ({ kind: 'echo', text: words(rest).join(' ') }),
  qecho: rest => ({ kind: 'echo', text: words(rest).join(' ') }),
  warn: rest => ({ kind: 'warn', text: words(rest).join(' ') }),
  q: () => ({ kind: 'quit' }),
  quit: () => ({ kind: 'quit' }),
  '?': () => ({ kind: 'help', about: null }),
  h: rest => ({ kind: 'help', about: rest.replace(/;$/, '') }),
  help: rest => ({ kind: 'help', about: rest.replace(/;$/, '') }),
  e: rest => ({ kind: 'edit', file: words(rest)[0] ?? null }),
  edit: rest => ({ kind: 'edit', file: words(rest)[0] ?? null }),
  r: () => ({ kind: 'reset' }),
  reset: () => ({ kind: 'reset' }),
  p: () => ({ kind: 'print' }),
  print: () => ({ kind: 'print' }),
  o: () => refused('redirects output', 'Redirect it in the shell: peakstone sql -f script.sql > result.txt'),
  '!': () => refused('runs a program', 'Run it in the shell.'),
  password: () => refused('changes a password', 'Rotate it: peakstone secrets rotate'),
};

function nothing(): MetaAction {
  return { kind: 'nothing' };
}

function refused(why: string, remedy: string): MetaAction {
  return { kind: 'refused', why, remedy };
}

/** The first error always ends the script, and no variable is replaced in one. */
function readSet(rest: string): MetaAction {
  const [name = '', value = ''] = words(rest);
  if (/^[A-Z_]+$/.test(name) && !(name === 'ON_ERROR_STOP' && /^(?:off|0|false)$/i.test(value)))
    return { kind: 'nothing' };
  if (name === '') return { kind: 'nothing' };
  return name === 'ON_ERROR_STOP'
    ? refused('would go on after an error', 'Take the line out: the first error ends the script.')
    : refused('sets a variable of psql', `Write the value where :${name} stands, and take the line out.`);
}

function readEncoding(rest: string): MetaAction {
  return rest === '' || /^utf-?8$/i.test(words(rest)[0] ?? '')
    ? { kind: 'nothing' }
    : refused('names another encoding', 'Write the file in UTF-8: pg_dump --encoding=UTF8.');
}

function readSwitch(what: 'expanded' | 'timing', rest: string): MetaAction {
  if (/^(?:on|1|true)$/i.test(rest)) return { kind: 'switch', what, on: true };
  if (/^(?:off|0|false|auto)$/i.test(rest)) return { kind: 'switch', what, on: false };
  return { kind: 'switch', what };
}

/** Also psql's `-reuse-previous=on "dbname='x'"`, which pg_dump writes for odd names. */
function readConnect(rest: string, role: string): MetaAction {
  const given = words(rest).filter(word => !word.startsWith('-reuse-previous'));
  const [database, user, ...address] = given;
  if (address.some(word => word !== '-') || /^postgres(?:ql)?:/.test(database ?? ''))
    return refused('names another server', 'Take the line out: this stack has one database server.');
  if (user !== undefined && user !== '-' && user !== role)
    return refused('names another user', `Take the line out, and act as that role: --role ${user}`);
  const named = /^dbname\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))\s*$/.exec(database ?? '');
  const name = named ? (named[2] ?? named[1]!.replace(/\\(.)/g, '$1')) : database;
  return { kind: 'connect', database: name === undefined || name === '-' ? null : name };
}

function readCopy(rest: string): MetaAction {
  const malformed = refused(
    'cannot be read',
    `Write it as \\copy films from 'films.csv' with (format csv, header)`,
  );
  const found = findDirection(rest);
  if (!found) return malformed;
  const { target, direction, source, options } = found;
  if (/^program$/i.test(source))
    return refused('runs a program', 'Pipe it: program | peakstone sql "copy films from stdin"');
  const file = /^p?std(?:in|out)$/i.test(source) ? null : unquote(source);
  const end = direction === 'from' ? 'from stdin' : 'to stdout';
  return { kind: 'copy', sql: `copy ${target} ${end} ${options}`.trimEnd(), direction, file };
}

/** `films (id, title) from 'a.csv' csv`: the word from or to outside of parentheses and quotes parts it. */
function findDirection(
  text: string,
): { target: string; direction: 'from' | 'to'; source: string; options: string } | null {
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|[^\s'"()]+/g;
  let depth = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '(') depth++;
    else if (match[0] === ')') depth--;
    const word = match[0].toLowerCase();
    if (depth > 0 || (word !== 'from' && word !== 'to') || match.index === 0) continue;
    const source = token.exec(text);
    if (!source) return null;
    const options = text.slice(token.lastIndex).trim().replace(/;$/, '');
    return { target: text.slice(0, match.index).trim(), direction: word, source: source[0], options };
  }
  return null;
}

function readInclude(rest: string, relative: boolean): MetaAction {
  const [file] = words(rest);
  return file === undefined
    ? refused('names no file', 'Write it as \\i schema.sql')
    : { kind: 'include', file, relative };
}

/** As psql cuts a line: quotes hold words together. */
function words(text: string): string[] {
  return (text.match(/(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|[^\s'"])+/g) ?? []).map(unquote);
}

function unquote(word: string): string {
  const whole = /^"((?:[^"]|"")*)"$/.exec(word);
  if (whole) return whole[1]!.replace(/""/g, '"');
  return word.replace(/'((?:[^'\\]|\\.|'')*)'/g, (_, inner: string) =>
    inner.replace(/''/g, "'").replace(/\\(.)/g, '$1'),
  );
}
