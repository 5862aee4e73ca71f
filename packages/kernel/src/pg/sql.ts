import type { Sql, SqlValue } from './types.ts';

/**
 * An identifier, always in double quotes, so that no keyword list is needed and case is kept.
 * @throws {TypeError} on an empty name or one with a zero byte, which no PostgreSQL name can be.
 * @example quoteIdentifier('my "col"') // "my ""col"""
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new TypeError('Not a possible PostgreSQL identifier');
  return name.includes('"') ? `"${name.replaceAll('"', '""')}"` : `"${name}"`;
}

/**
 * A string literal that means the same whatever `standard_conforming_strings` says.
 * For where parameters cannot go (DDL, SET); data travels in `values`.
 * @throws {TypeError} on a zero byte, which PostgreSQL's text cannot hold.
 * @example quoteLiteral("it's") // 'it''s'
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new TypeError('PostgreSQL text cannot hold a zero byte');
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** `schema.name`, both quoted. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * The text form of a `text[]`, for one parameter instead of many. Every element is quoted, so that none reads as NULL.
 * @example arrayLiteral(['a', 'say "b"']) // {"a","say \\"b\\""}
 */
export function arrayLiteral(elements: readonly string[]): string {
  return `{${elements.map(element => `"${element.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

/** A piece of SQL under construction: texts with a parameter between each two. */
export interface Fragment {
  readonly kind: 'fragment';
  readonly texts: readonly string[];
  readonly values: readonly SqlValue[];
}

/** What may stand in a template's hole: a fragment is spliced in, anything else becomes a parameter. */
export type Hole = Fragment | SqlValue;

/**
 * SQL by template. Values become parameters, never text; fragments nest and their parameters are renumbered by `toSql`.
 * @example toSql(sql`select ${identifier('id')} from ${raw('films')} where year = ${'1999'}`)
 * // { text: 'select "id" from films where year = $1', values: ['1999'] }
 */
export function sql(strings: TemplateStringsArray, ...holes: readonly Hole[]): Fragment {
  const texts: string[] = [strings[0]!];
  const values: SqlValue[] = [];
  holes.forEach((hole, i) => {
    append(texts, values, hole);
    texts[texts.length - 1] += strings[i + 1]!;
  });
  return { kind: 'fragment', texts, values };
}

/** SQL text taken as it is: only for text that this program wrote. */
export function raw(text: string): Fragment {
  return { kind: 'fragment', texts: [text], values: [] };
}

/** A quoted identifier as a fragment; several parts are joined by dots. */
export function identifier(...parts: readonly string[]): Fragment {
  return raw(parts.map(quoteIdentifier).join('.'));
}

/** Fragments side by side. `join([], …)` is empty. */
export function join(fragments: readonly Fragment[], separator = ', '): Fragment {
  const texts: string[] = [''];
  const values: SqlValue[] = [];
  fragments.forEach((fragment, i) => {
    if (i > 0) texts[texts.length - 1] += separator;
    append(texts, values, fragment);
  });
  return { kind: 'fragment', texts, values };
}

/** Numbers the parameters from `$1`. @throws {RangeError} past the protocol's 65535. */
export function toSql(fragment: Fragment): Sql {
  const { texts, values } = fragment;
  if (values.length > 65_535) throw new RangeError('A statement takes at most 65535 parameters');
  let text = texts[0]!;
  for (let i = 1; i < texts.length; i++) text += `$${i}${texts[i]!}`;
  return { text, values };
}

function append(texts: string[], values: SqlValue[], hole: Hole): void {
  if (isFragment(hole)) {
    texts[texts.length - 1] += hole.texts[0]!;
    for (let i = 1; i < hole.texts.length; i++) texts.push(hole.texts[i]!);
    for (const value of hole.values) values.push(value);
  } else {
    values.push(hole);
    texts.push('');
  }
}

function isFragment(hole: Hole): hole is Fragment {
  return typeof hole === 'object' && hole !== null && 'kind' in hole && hole.kind === 'fragment';
}
