import type { Value } from './administrator/index.ts';

/** Row by row. */
export type PlainInsert = readonly (readonly Value[])[];

/** Up to the rows; columns and name are read by others, and only their place is looked at here. */
const head =
  /^\s*insert\s+into\s+(?:cron|"cron")\s*\.\s*(?:\w+|"\w+")\s*(?:\(\s*(?:\w+|"\w+")(?:\s*,\s*(?:\w+|"\w+"))*\s*\)\s*)?(?:overriding\s+system\s+value\s*)?values\s*/iy;
/** A string without escapes, a number, or a word that is a value. */
const value = /\s*(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|(true|false|null|default))\s*([,)])/iy;
const between = /\s*,\s*/y;
const ending = /\s*;?\s*$/y;

/**
 * The rows of an INSERT of values into a table of pg_cron: what the administrator writes holds nothing of the dump's but these.
 * Null where anything else stands in it, be it a cast, a comment or a name in quotes. Pure.
 * @example plainInsert(`INSERT INTO cron.job (jobid, active) VALUES (1, true);`)
 * // [[{ kind: 'plain', text: '1' }, { kind: 'plain', text: 'true' }]]
 */
export function plainInsert(text: string): PlainInsert | null {
  const take = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  let at = take(head, 0)?.[0].length;
  if (at === undefined) return null;
  const rows: Value[][] = [];
  for (;;) {
    if (text[at] !== '(') return null;
    at++;
    const row: Value[] = [];
    for (let last = ''; last !== ')'; ) {
      const found = take(value, at);
      if (!found) return null;
      const [whole, string, number, word, next] = found;
      row.push(
        string === undefined
          ? { kind: 'plain', text: number ?? word!.toLowerCase() }
          : { kind: 'string', text: string.replaceAll("''", "'") },
      );
      at += whole.length;
      last = next!;
    }
    rows.push(row);
    const comma = take(between, at);
    if (!comma) break;
    at += comma[0].length;
  }
  return take(ending, at) ? rows : null;
}
