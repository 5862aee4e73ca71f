/**
 * Planning an insert of rows together with the rows they are related to. One file of some 250 lines, as the walk over the
 * body is one recursion.
 *
 * Rows are gathered by the relationship they came through, whatever row they hang on, so that the number of statements
 * depends on the shape of the body and not on the number of rows. What a row refers to is inserted before it, what refers
 * to it after it; keys that the database makes travel from statement to statement inside the database.
 */
import {
  type Catalog,
  key,
  type QualifiedName,
  type Relationship,
  type Table,
} from '@peakstone/kernel/catalog';
import { beyondErrors, schemaCacheErrors } from '../errors.ts';
import type { JsonSpan } from '../parse/jsonSpan.ts';
import { type Hold, JsonText } from '../parse/payload/jsonText.ts';
import { payloadColumn } from './mutate.ts';
import { findRelationship, isToOne } from './relationship.ts';
import type { InsertColumn } from './types.ts';

/** Levels of rows below the request's own. */
const maxDepth = 5;
/** One for each set of columns on each level. */
const maxStatements = 100;

export interface KeyColumn {
  readonly name: string;
  readonly type: string;
}

/** Columns that take their values from rows inserted before. */
export interface NestedLink {
  readonly group: number;
  readonly pairs: readonly (readonly [own: string, theirs: string])[];
}

export interface NestedInsert {
  readonly table: QualifiedName;
  readonly columns: readonly InsertColumn[];
  readonly links: readonly NestedLink[];
  /** A JSON array of objects: `pgrst_ord`, `pgrst_link_N` and the columns. */
  readonly rows: Buffer;
  readonly group: number;
  /** Whether the group has rows of an earlier statement. */
  readonly continues: boolean;
}

export interface NestedPlan {
  readonly inserts: readonly NestedInsert[];
  /** Of each group, the columns that other rows, or the response, need. */
  readonly keys: readonly (readonly KeyColumn[])[];
  /** The group of the request's own rows. */
  readonly root: number;
}

interface Link extends NestedLink {
  readonly ord: number;
}

/** A row as it was sent. */
type Row = ReadonlyMap<string, JsonSpan>;

interface Entry {
  readonly value: Row;
  readonly links: Link[];
}

interface Embed {
  readonly name: string;
  readonly relationship: Relationship;
  readonly target: Table;
  readonly items: { readonly parent: number; readonly value: Row }[];
}

interface Group {
  readonly table: Table;
  readonly keys: Map<string, KeyColumn>;
}

export interface NestedContext {
  readonly catalog: Catalog;
  readonly schema: string;
  readonly exposedSchemas: readonly string[];
  /** Told of memory that is taken for rows. */
  readonly hold: Hold;
}

/**
 * Pure but for what `hold` does; yields between pieces of work.
 * @throws {RestError} PEAK130 for a body of another shape, PGRST200 and PGRST201 for a name that means no relationship or
 * several, PGRST204 for an unknown column.
 */
export function* planNested(
  table: Table,
  body: JsonSpan,
  context: NestedContext,
): Generator<void, NestedPlan> {
  if (table.primaryKey.length === 0) {
    throw beyondErrors.invalidNesting(
      `"${table.name}" has no primary key, so that its new rows could not be found again.`,
    );
  }
  const rows = yield* readRows(body, table.name);
  const planner = new Planner(context);
  const root = yield* planner.insert(
    table,
    rows.map(value => ({ value, links: [] })),
    0,
  );
  planner.need(root, table.primaryKey);
  return planner.finish(root);
}

/** Rows that are looked at before others get their turn. */
const rowsInPiece = 128;
const isPieceEnd = (n: number): boolean => n % rowsInPiece === rowsInPiece - 1;

function* readRows(value: JsonSpan, name: string): Generator<void, readonly Row[]> {
  const spans = value.kind === 'list' ? yield* value.elements() : [value];
  const rows: Row[] = [];
  for (const span of spans) {
    if (span.kind !== 'object') {
      throw beyondErrors.invalidNesting(`"${name}" takes an object or a list of objects.`);
    }
    rows.push(yield* span.members());
    if (isPieceEnd(rows.length)) yield;
  }
  return rows;
}

class Planner {
  readonly #context: NestedContext;
  readonly #groups: Group[] = [];
  readonly #inserts: NestedInsert[] = [];

  constructor(context: NestedContext) {
    this.#context = context;
  }

  finish(root: number): NestedPlan {
    return { inserts: this.#inserts, keys: this.#groups.map(({ keys }) => [...keys.values()]), root };
  }

  /** Plans rows of one table with all that hangs on them. @returns their group. */
  *insert(table: Table, entries: readonly Entry[], depth: number): Generator<void, number> {
    if (depth > maxDepth) {
      throw beyondErrors.invalidNesting(`Rows are nested more than ${maxDepth} levels deep.`);
    }
    const group = this.#groups.push({ table, keys: new Map() }) - 1;
    const embeds = yield* this.#embedsOf(table, entries);
    for (const embed of embeds) {
      if (isReferred(embed.relationship)) yield* this.#before(embed, entries, depth);
    }
    yield* this.#emit(group, table, entries);
    for (const embed of embeds) {
      if (!isReferred(embed.relationship)) yield* this.#after(embed, group, depth);
    }
    return group;
  }

  /** Notes that other rows refer to these columns. */
  need(group: number, names: readonly string[]): void {
    const { table, keys } = this.#groups[group]!;
    for (const name of names) keys.set(name, { name, type: table.columns.get(name)?.nominalType ?? 'text' });
  }

  *#embedsOf(table: Table, entries: readonly Entry[]): Generator<void, readonly Embed[]> {
    const embeds = new Map<string, Embed>();
    for (const [parent, { value: row }] of entries.entries()) {
      for (const [name, value] of row) {
        if (table.columns.has(name)) continue;
        const { kind } = value;
        if (kind === 'text' || kind === 'other') throw schemaCacheErrors.columnNotFound(table.name, name);
        const embed = embeds.get(name) ?? this.#embed(table, name);
        embeds.set(name, embed);
        // Nothing is related: as if it had not been written.
        if (kind === 'null') continue;
        const rows = yield* readRows(value, name);
        if (isToOne(embed.relationship) && kind === 'list') {
          throw beyondErrors.invalidNesting(`"${name}" is one row of "${embed.target.name}", not a list.`);
        }
        for (const item of rows) embed.items.push({ parent, value: item });
      }
      if (isPieceEnd(parent)) yield;
    }
    return [...embeds.values()].filter(embed => embed.items.length > 0);
  }

  #embed(table: Table, name: string): Embed {
    const { catalog, exposedSchemas, schema } = this.#context;
    const mark = name.indexOf('!');
    const [target, hint] = mark < 0 ? [name, null] : [name.slice(0, mark), name.slice(mark + 1)];
    const relationship = findRelationship(catalog, exposedSchemas, schema, table.name, target, hint);
    const found = catalog.tables.get(key(relationship.target.schema, relationship.target.name));
    if (!found || relationship.kind === 'computed') {
      throw beyondErrors.invalidNesting(`"${name}" is computed: no row can be inserted through it.`);
    }
    return { name, relationship, target: found, items: [] };
  }

  /** What the entries refer to. */
  *#before(embed: Embed, entries: readonly Entry[], depth: number): Generator<void, void> {
    const { relationship, target, items } = embed;
    if (relationship.kind === 'many-to-many' || relationship.kind === 'computed') return;
    const group = yield* this.insert(
      target,
      items.map(({ value }) => ({ value, links: [] })),
      depth + 1,
    );
    this.need(
      group,
      relationship.columns.map(([, theirs]) => theirs),
    );
    items.forEach(({ parent }, ord) => {
      entries[parent]?.links.push({ group, ord, pairs: relationship.columns });
    });
  }

  /** What refers to the entries, by itself or by a junction. */
  *#after({ relationship, target, items }: Embed, group: number, depth: number): Generator<void, void> {
    if (relationship.kind === 'computed') return;
    if (relationship.kind !== 'many-to-many') {
      const pairs = relationship.columns.map(([source, column]) => [column, source] as const);
      const children = items.map(({ parent, value }) => ({ value, links: [{ group, ord: parent, pairs }] }));
      this.need(
        group,
        relationship.columns.map(([source]) => source),
      );
      yield* this.insert(target, children, depth + 1);
      return;
    }
    const { sourceKey, targetKey, junction } = relationship;
    const targets = yield* this.insert(
      target,
      items.map(({ value }) => ({ value, links: [] })),
      depth + 1,
    );
    this.need(
      group,
      sourceKey.columns.map(([source]) => source),
    );
    this.need(
      targets,
      targetKey.columns.map(([column]) => column),
    );
    const toSource = sourceKey.columns.map(([source, own]) => [own, source] as const);
    const toTarget = targetKey.columns.map(([column, own]) => [own, column] as const);
    const table = this.#context.catalog.tables.get(key(junction.schema, junction.name));
    if (!table) throw beyondErrors.invalidNesting(`The junction "${junction.name}" is not known.`);
    const rows = items.map(
      ({ parent }, ord): Entry => ({
        value: new Map(),
        links: [
          { group, ord: parent, pairs: toSource },
          { group: targets, ord, pairs: toTarget },
        ],
      }),
    );
    yield* this.#emit(this.#groups.push({ table, keys: new Map() }) - 1, table, rows);
  }

  /** One statement for each set of columns, as a column that is left out takes its default. */
  *#emit(group: number, table: Table, entries: readonly Entry[]): Generator<void, void> {
    const shapes = new Map<string, Shape>();
    for (const [ord, { value, links }] of entries.entries()) {
      const names = [...value.keys()].filter(name => table.columns.has(name)).sort();
      const id = JSON.stringify([names, links.map(({ group: to, pairs }) => [to, pairs])]);
      const shape = shapes.get(id) ?? new Shape(names, links, this.#context.hold);
      shapes.set(id, shape);
      shape.add(ord, value, links);
      if (isPieceEnd(ord)) yield;
    }
    let continues = false;
    for (const { names, links, rows } of shapes.values()) {
      refuseTwice(table, names, links);
      if (this.#inserts.length === maxStatements) {
        throw beyondErrors.invalidNesting(
          `The rows need more than ${maxStatements} statements.`,
          'Give all rows of a level the same columns.',
        );
      }
      const scope = { catalog: this.#context.catalog, table };
      rows.byte(CLOSE_LIST);
      this.#inserts.push({
        table: { schema: table.schema, name: table.name },
        columns: names.map(name => payloadColumn(scope, table, name)),
        links: links.map(({ group: to, pairs }) => ({ group: to, pairs })),
        rows: yield* rows.join(),
        group,
        continues,
      });
      continues = true;
    }
  }
}

const CLOSE = 0x7d;
const CLOSE_LIST = 0x5d;

/** Rows that name the same columns, as they are written into the JSON of one statement. */
class Shape {
  readonly names: readonly string[];
  readonly links: readonly Link[];
  readonly rows: JsonText;
  readonly #labels: readonly Buffer[];
  #isFirst = true;

  constructor(names: readonly string[], links: readonly Link[], hold: Hold) {
    this.names = names;
    this.links = links;
    this.rows = new JsonText(hold);
    this.#labels = names.map(name => Buffer.from(`,${JSON.stringify(name)}:`));
  }

  add(ord: number, row: Row, links: readonly Link[]): void {
    const marks = links.map((link, i) => `,"pgrst_link_${i}":${link.ord}`);
    this.rows.bytes(Buffer.from(`${this.#isFirst ? '[' : ','}{"pgrst_ord":${ord}${marks.join('')}`));
    this.#isFirst = false;
    for (const [i, name] of this.names.entries()) {
      this.rows.bytes(this.#labels[i]!);
      this.rows.bytes(row.get(name)!.bytes);
    }
    this.rows.byte(CLOSE);
  }
}

/** @throws {RestError} PEAK130 for a column that has its value from two sides. */
function refuseTwice(table: Table, names: readonly string[], links: readonly Link[]): void {
  const linked = new Set<string>();
  for (const { pairs } of links) {
    for (const [own] of pairs) {
      if (names.includes(own) || linked.has(own)) {
        throw beyondErrors.invalidNesting(
          `"${own}" of "${table.name}" is given twice: by itself and by the row it refers to.`,
        );
      }
      linked.add(own);
    }
  }
}

/** Whether the row holds the reference, so that what it refers to must be there first. */
const isReferred = (relationship: Relationship): boolean =>
  relationship.kind === 'many-to-one' || (relationship.kind === 'one-to-one' && !relationship.isParent);
