/**
 * Comments that say what not to tell: `-- atlas:nolint [what …]` above a statement, or at a file's top for all of it, and
 * squawk's `-- squawk-ignore what, …` and `-- squawk-ignore-file`. Without a name everything is meant.
 * @see https://atlasgo.io/versioned/lint#nolint-directive
 */
import type { MigrationFile } from '../folder/index.ts';
import { directivesOf } from '../split/index.ts';
import type { Rule } from './rules/rule.ts';

/** What is not to be told: codes, classes, or names of other linters; `all`. */
export type Silenced = ReadonlySet<string>;

const ALL = 'all';
const squawk = /^--\s*squawk-ignore(-file)?(?:[ \t]+(.*))?$/;

function names(value: string): string[] {
  const given = value.split(/[\s,]+/).filter(name => name !== '');
  return given.length === 0 ? [ALL] : given;
}

function squawkNames(lines: readonly string[], ofFile: boolean): string[] {
  return lines.flatMap(line => {
    const match = squawk.exec(line.trim());
    return match && (match[1] !== undefined) === ofFile ? names(match[2] ?? '') : [];
  });
}

/** Those of a whole file. Pure. */
export function silencedInFile({ directives, text }: Pick<MigrationFile, 'directives' | 'text'>): Silenced {
  const atlas = directives.filter(({ name }) => name === 'nolint').flatMap(({ value }) => names(value));
  return new Set([...atlas, ...squawkNames(text.split('\n'), true)]);
}

/** Those of one statement, by the comments above it. Pure. */
export function silencedHere(comments: readonly string[]): Silenced {
  const atlas = directivesOf(comments)
    .filter(({ name }) => name === 'nolint')
    .flatMap(({ value }) => names(value));
  return new Set([...atlas, ...squawkNames(comments, false)]);
}

/** Pure. @example isSilenced(new Set(['destructive']), { code: 'DS102', aliases: ['destructive'] }) // true */
export function isSilenced(silenced: Silenced, { code, aliases }: Pick<Rule, 'code' | 'aliases'>): boolean {
  return [ALL, code, ...aliases].some(name => silenced.has(name));
}
