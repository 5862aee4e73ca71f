import { printableLine } from '../../output/printable.ts';
import type { Texts } from '../print.ts';

/** Names of the database, for the key Tab. */
export interface Names {
  /** `films`, and `public.films` for those that may need it. */
  readonly relations: readonly string[];
  readonly functions: readonly string[];
  readonly schemas: readonly string[];
  /** By relation, as both of its names. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

export const noNames: Names = { relations: [], functions: [], schemas: [], columns: new Map() };

/** Runs with search_path = pg_catalog. Kind, schema, name, relation; bounded, as it is asked again after changes. */
export const namesQuery = `select * from (
  (select 'relation' as kind, n.nspname, quote_ident(c.relname), null::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_(toast|temp)' limit 5000)
  union all (select 'function', n.nspname, quote_ident(p.proname), null from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname not in ('pg_catalog', 'information_schema') group by n.nspname, p.proname limit 5000)
  union all (select 'schema', '', quote_ident(nspname), null from pg_namespace where nspname !~ '^pg_(toast|temp)' limit 1000)
  union all (select 'column', n.nspname, quote_ident(a.attname), quote_ident(c.relname) from pg_attribute a join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname !~ '^pg_|^information_schema$' limit 20000)
) as names order by 1, 2, 3`;

/** Pure. */
export function readNames(rows: readonly Texts[]): Names {
  const columns = new Map<string, string[]>();
  const lists = { relation: new Set<string>(), function: new Set<string>(), schema: new Set<string>() };
  for (const row of rows) {
    // A terminal would take them for commands, and nobody types them.
    if (row.some(text => text !== null && printableLine(text) !== text)) continue;
    const [kind, schema, name, relation] = row;
    if (kind === 'column') {
      for (const key of [relation!, `${schema}.${relation}`])
        columns.set(key, [...(columns.get(key) ?? []), name!]);
    } else if (kind === 'schema') {
      lists.schema.add(name!);
    } else {
      // PostgreSQL's own are found by their schema.
      const list = lists[kind as 'relation' | 'function'];
      if (!isSystem(schema!)) list.add(name!);
      list.add(`${schema}.${name}`);
    }
  }
  return {
    relations: [...lists.relation],
    functions: [...lists.function],
    schemas: [...lists.schema],
    columns,
  };
}

const isSystem = (schema: string): boolean => schema === 'pg_catalog' || schema === 'information_schema';

const keywords =
  'ADD ALL ALTER ANALYZE AND ANY AS ASC BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLUMN COMMENT COMMIT CONFLICT CONSTRAINT COPY COUNT CREATE CROSS CURRENT_DATE CURRENT_TIMESTAMP CURRENT_USER DATABASE DEFAULT DELETE DESC DISTINCT DO DOMAIN DROP ELSE ENABLE END EXCEPT EXISTS EXPLAIN EXTENSION FALSE FETCH FILTER FOREIGN FROM FULL FUNCTION GENERATED GRANT GROUP HAVING IDENTITY IF ILIKE IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY LANGUAGE LATERAL LEFT LEVEL LIKE LIMIT LISTEN MATERIALIZED MERGE NATURAL NOT NOTHING NULL OFFSET ON OR ORDER OUTER OVER PARTITION POLICY PRIMARY PROCEDURE REFERENCES REFRESH RETURNING REVOKE RIGHT ROLE ROLLBACK ROW SAVEPOINT SCHEMA SECURITY SELECT SEQUENCE SET SHOW TABLE TEMPORARY THEN TO TRANSACTION TRIGGER TRUE TRUNCATE TYPE UNION UNIQUE UPDATE USING VACUUM VALUES VIEW WHEN WHERE WINDOW WITH'.split(
    ' ',
  );

/** What a statement begins with. */
const beginnings =
  'ABORT ALTER ANALYZE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DISCARD DO DROP END EXECUTE EXPLAIN FETCH GRANT IMPORT INSERT LISTEN LOCK MERGE MOVE NOTIFY PREPARE REASSIGN REFRESH REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SET SHOW START TABLE TRUNCATE UNLISTEN UPDATE VACUUM VALUES WITH'.split(
    ' ',
  );

const metaCommands =
  '\\? \\c \\copy \\d \\df \\di \\dm \\dn \\dp \\ds \\dT \\dt \\du \\dv \\dx \\e \\h \\i \\l \\p \\q \\r \\timing \\x'.split(
    ' ',
  );

/**
 * What may stand at the end of `line`, for node:readline: candidates and the part that they complete. `before` is what
 * was typed in the lines above. Pure.
 */
export function complete(line: string, before: string, names: Names): [string[], string] {
  const word = /(?:"[^"]*"?|[\w$.\u0080-\uffff\\?])*$/.exec(line)![0];
  if (before.trim() === '' && /^\s*\\\S*$/.test(line)) {
    const command = line.trimStart();
    return [metaCommands.filter(name => name.startsWith(command)), command];
  }
  const head = `${before}\n${line}`.slice(0, before.length + 1 + line.length - word.length);
  const candidates = candidatesAfter(head, word, names);
  // Each thing by one name: with its schema where one is typed, and the system's schemas where they are begun.
  const fits = (name: string): boolean =>
    word.includes('.') || !(/\.[^.]/.test(name) || (word === '' && isSystem(name.replace(/\.$/, ''))));
  const found = candidates.filter(name => fits(name) && name.toLowerCase().startsWith(word.toLowerCase()));
  return [[...new Set(found)].slice(0, 500), word];
}

function candidatesAfter(head: string, word: string, names: Names): readonly string[] {
  const { relations, functions, schemas, columns } = names;
  const inCase = (words: readonly string[]): readonly string[] =>
    word !== '' && word === word.toLowerCase() ? words.map(name => name.toLowerCase()) : words;
  if (head.trim() === '') return inCase(beginnings);
  const previous = /([A-Za-z_]+)\s*$/.exec(head)?.[1]?.toLowerCase() ?? '';
  const afterComma = /,\s*$/.test(head)
    ? (/\b(from|update|into|table|join)\b[^();]*,\s*$/i.exec(head) ?? null)
    : null;
  if (
    /^\s*\\/.test(head) ||
    /^(?:from|join|update|into|table|only|view|truncate|analyze|vacuum|references|on)$/.test(previous) ||
    afterComma
  ) {
    const clause = previous === 'on' ? columnsOf(head, columns) : [];
    return [...clause, ...relations, ...schemas.map(schema => `${schema}.`)];
  }
  if (previous === 'schema') return schemas;
  // A qualified name: a column by its table or alias, or what is in a schema.
  if (word.includes('.')) {
    const owner = word.slice(0, word.lastIndexOf('.'));
    const table = aliasesIn(head).get(owner) ?? owner;
    return [...(columns.get(table) ?? []).map(name => `${owner}.${name}`), ...relations, ...functions];
  }
  return [
    ...columnsOf(head, columns),
    ...inCase(keywords),
    ...functions.filter(name => !name.startsWith('pg_catalog.')).map(name => `${name}(`),
    ...relations.filter(name => !name.includes('.')),
    ...schemas.map(schema => `${schema}.`),
  ];
}

/** Of the relations that the statement names so far, or of all. */
function columnsOf(statement: string, columns: Names['columns']): string[] {
  const named =
    statement.match(/(?:"[^"]*"|[\w$\u0080-\uffff])+(?:\.(?:"[^"]*"|[\w$\u0080-\uffff])+)?/g) ?? [];
  const found = new Set(named.flatMap(name => columns.get(name) ?? []));
  // In a select list nothing is named yet: any column may be meant.
  return [...(found.size > 0 ? found : new Set([...columns.values()].flat()))];
}

/** `from films f`, `join films as f`: f is films. */
function aliasesIn(statement: string): Map<string, string> {
  const pattern = /\b(?:from|join|update|into)\s+([\w$."\u0080-\uffff]+)\s+(?:as\s+)?([\w$\u0080-\uffff]+)/gi;
  return new Map([...statement.matchAll(pattern)].map(([, table, alias]) => [alias!, table!]));
}
