import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';

/** Up to the rows; columns and name are read by others, and only their place is looked at here. */
const head =
  /^\s*insert\s+into\s+(?:cron|"cron")\s*\.\s*(?:\w+|"\w+")\s*(?:\(\s*(?:\w+|"\w+")(?:\s*,\s*(?:\w+|"\w+"))*\s*\)\s*)?(?:overriding\s+system\s+value\s*)?values\s*/iy;
/** A string without escapes, a number, or a word that is a value. */
const value = /\s*(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|(true|false|null|default))\s*([,)])/iy;
const between = /\s*,\s*/y;
const ending = /\s*;?\s*$/y;

/**
 * An INSERT of values into a table of pg_cron in our own words: what the administrator runs holds nothing of the dump's but
 * the values, each written anew. Null where anything else stands in it, be it a cast, a comment or a name in quotes. Pure.
 * @param table as it is called here @param columns of the dump's statement; none where it names none
 * @example plainInsert(`INSERT INTO cron.job (jobid, active) VALUES (1, true);`, 'cron.job', ['jobid', 'active'])
 * // insert into cron.job ("jobid", "active") values (1, true)
 */
export function plainInsert(text: string, table: string, columns: readonly string[]): string | null {
  const take = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  let at = take(head, 0)?.[0].length;
  if (at === undefined) return null;
  const rows: string[] = [];
  for (;;) {
    if (text[at] !== '(') return null;
    at++;
    const row: string[] = [];
    for (let last = ''; last !== ')'; ) {
      const found = take(value, at);
      if (!found) return null;
      const [whole, string, number, word, next] = found;
      row.push(
        string === undefined ? (number ?? word!.toLowerCase()) : literal(string.replaceAll("''", "'")),
      );
      at += whole.length;
      last = next!;
    }
    rows.push(`(${row.join(', ')})`);
    const comma = take(between, at);
    if (!comma) break;
    at += comma[0].length;
  }
  if (!take(ending, at)) return null;
  const list = columns.length === 0 ? '' : ` (${columns.map(id).join(', ')})`;
  return `insert into ${table}${list} values ${rows.join(', ')}`;
}
