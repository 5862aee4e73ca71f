/** What a plan is made of on its way to files. */
import { quoteIdentifier } from '@peakstone/kernel/pg';
import type { Change } from './engine/types.ts';

/** A statement, and what it must keep apart from others. */
export interface Step extends Change {
  /** Why its file is one of its own, as a word of that file's name. */
  readonly part?: string;
}

/** A statement of our own making. */
export function step(sql: string, more: Partial<Step> = {}): Step {
  return {
    sql,
    makes: [],
    needs: [],
    destroys: [],
    commitsAfter: false,
    outside: false,
    loses: false,
    ...more,
  };
}

/** `"schema"."name"` of a key. @example quoteKey('public.films') // '"public"."films"' */
export function quoteKey(key: string): string {
  const dot = key.indexOf('.');
  return `${quoteIdentifier(key.slice(0, dot))}.${quoteIdentifier(key.slice(dot + 1))}`;
}

const IDENTIFIER = '"(?:[^"]|"")+"';
const TABLE = new RegExp(`^ALTER TABLE (?:ONLY )?(${IDENTIFIER})\\.(${IDENTIFIER}) `);

/** The table that an ALTER TABLE of the library's is about; undefined of anything else. */
export function alteredTable(sql: string): string | undefined {
  const match = TABLE.exec(sql);
  return match ? `${unquote(match[1] ?? '')}.${unquote(match[2] ?? '')}` : undefined;
}

/** What follows the table's name in an ALTER TABLE. */
export function alteration(sql: string): string {
  return sql.replace(TABLE, '');
}

export function unquote(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}

/** The first identifier of a text, quoted or not. */
export function firstIdentifier(text: string): string {
  return unquote(/^(?:"(?:[^"]|"")+"|[^\s(]+)/.exec(text)?.[0] ?? '');
}
