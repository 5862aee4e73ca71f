/** Columns in the order that is wanted, which `select *`, COPY and INSERT without names go by. Pure. */
import type { Structure, TableShape } from '../engine/types.ts';
import { alteration, alteredTable, firstIdentifier, quoteKey, type Step } from '../step.ts';

/**
 * Makes a new table whole by one statement, and puts new columns of one that is there into their order: the library adds what
 * needs a type or a function later, behind the rest.
 * @param after what is wanted
 */
export function orderColumns(steps: readonly Step[], after: Structure): readonly Step[] {
  const added = new Set(
    steps.flatMap(each => (addedColumn(each) === undefined ? [] : alteredTable(each.sql)!)),
  );
  let ordered = steps;
  for (const key of added) {
    const table = after.tables.get(key);
    if (table) ordered = orderTable(ordered, key, table);
  }
  return ordered;
}

/** Tables of both that have the same columns in another order; a sentence each. */
export function otherOrders(now: Structure, wanted: Structure): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [key, table] of wanted.tables) {
    const made = now.tables.get(key);
    if (!made || made.columns.size !== table.columns.size) continue;
    const [is, shouldBe] = [columnsInOrder(made), columnsInOrder(table)];
    if (is.join('\0') === shouldBe.join('\0') || !is.every(name => table.columns.has(name))) continue;
    found.set(
      key,
      `Columns of ${key} stand in another order: ${is.join(', ')}; wanted is ${shouldBe.join(', ')}.`,
    );
  }
  return found;
}

function columnsInOrder({ columns }: TableShape): readonly string[] {
  return [...columns].sort(([, a], [, b]) => a.position - b.position).map(([name]) => name);
}

const ADDS = /^ADD COLUMN /;

function addedColumn({ sql }: Step): string | undefined {
  const what = alteredTable(sql) === undefined ? '' : alteration(sql);
  return ADDS.test(what) ? firstIdentifier(what.replace(ADDS, '')) : undefined;
}

function orderTable(steps: readonly Step[], key: string, table: TableShape): readonly Step[] {
  const position = (each: Step) => table.columns.get(addedColumn(each) ?? '')?.position ?? 0;
  const isAdd = (each: Step) => alteredTable(each.sql) === key && addedColumn(each) !== undefined;
  const adds = steps.filter(isAdd).sort((a, b) => position(a) - position(b));
  const create = steps.find(({ sql }) => columnsOf(sql, key) !== undefined);
  const moved = create === undefined ? adds : [wholeTable(create, adds, key, table)];
  const members = new Set([...adds, ...(create === undefined ? [] : [create])]);
  const first = steps.findIndex(each => members.has(each));
  const last = steps.findLastIndex(each => members.has(each));
  // What needs them and stands between comes after them.
  const made = new Set(moved.flatMap(({ makes }) => makes));
  const dependent = new Set<Step>();
  for (const each of steps.slice(first, last)) {
    if (members.has(each) || !each.needs.some(name => made.has(name))) continue;
    dependent.add(each);
    for (const name of each.makes) made.add(name);
  }
  const needed = new Set(moved.flatMap(({ needs }) => needs));
  // A column may need what needs its table: then it has to come later.
  if ([...dependent].some(({ makes }) => makes.some(name => needed.has(name)))) return steps;
  const stays = (each: Step) => !members.has(each) && !dependent.has(each);
  return [...steps.slice(0, last + 1).filter(stays), ...moved, ...dependent, ...steps.slice(last + 1)];
}

/** Parents: a column that a child declares itself as well has to be in its list. */
const INHERITS = / INHERITS \((?:"(?:[^"]|"")+"|[.,\s])+\)$/;

/** What a CREATE TABLE has between its parentheses; undefined of any other statement, and where more follows. */
function columnsOf(whole: string, key: string): readonly string[] | undefined {
  const sql = whole.replace(INHERITS, '');
  const head = /^CREATE (?:UNLOGGED )?TABLE /.exec(sql)?.[0];
  if (head === undefined || !sql.startsWith(`${quoteKey(key)} (`, head.length)) return undefined;
  const start = head.length + quoteKey(key).length + 2;
  const parts = splitList(sql.slice(start, -1));
  return sql.endsWith(')') && parts !== undefined ? parts : undefined;
}

function wholeTable(create: Step, adds: readonly Step[], key: string, table: TableShape): Step {
  const parts = columnsOf(create.sql, key) ?? [];
  const isColumn = (part: string) => part.startsWith('"');
  const clauses = [...parts.filter(isColumn), ...adds.map(({ sql }) => alteration(sql).replace(ADDS, ''))];
  const at = (clause: string) => table.columns.get(firstIdentifier(clause))?.position ?? 0;
  const list = [...clauses.sort((a, b) => at(a) - at(b)), ...parts.filter(part => !isColumn(part))];
  const all = [create, ...adds];
  const makes = [...new Set(all.flatMap(each => each.makes))];
  const head = create.sql.slice(
    0,
    create.sql.indexOf('(', create.sql.indexOf(quoteKey(key)) + quoteKey(key).length) + 1,
  );
  return {
    ...create,
    sql: `${head}${list.join(', ')})${INHERITS.exec(create.sql)?.[0] ?? ''}`,
    makes,
    needs: [...new Set(all.flatMap(each => each.needs))].filter(name => !makes.includes(name)),
  };
}

const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|[(),]|[^'"$(),]+|\$/g;

/** The parts of a list that commas part; undefined where its parentheses do not close in it. */
function splitList(text: string): readonly string[] | undefined {
  const parts: string[] = [''];
  let depth = 0;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '(') depth++;
    if (token === ')' && depth-- === 0) return undefined;
    if (token === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += token;
  }
  return parts.map(part => part.trim()).filter(part => part !== '');
}
