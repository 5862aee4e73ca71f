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
import { isJsonObject, type Json, type JsonObject } from '../parse/exactJson.ts';
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
  readonly rows: string;
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

interface Entry {
  readonly value: JsonObject;
  readonly links: Link[];
}

interface Embed {
  readonly name: string;
  readonly relationship: Relationship;
  readonly target: Table;
  readonly items: { readonly parent: number; readonly value: JsonObject }[];
}

interface Group {
  readonly table: Table;
  readonly keys: Map<string, KeyColumn>;
}

export interface NestedContext {
  readonly catalog: Catalog;
  readonly schema: string;
  readonly exposedSchemas: readonly string[];
}

/**
 * Pure.
 * @throws {RestError} PEAK130 for a body of another shape, PGRST200 and PGRST201 for a name that means no relationship or
 * several, PGRST204 for an unknown column.
 */
export function planNested(table: Table, body: Json, context: NestedContext): NestedPlan {
  if (table.primaryKey.length === 0) {
    throw beyondErrors.invalidNesting(
      `"${table.name}" has no primary key, so that its new rows could not be found again.`,
    );
  }
  const rows = asRows(body, table.name);
  const planner = new Planner(context);
  const root = planner.insert(
    table,
    rows.map(value => ({ value, links: [] })),
    0,
  );
  planner.need(root, table.primaryKey);
  return planner.finish(root);
}

function asRows(value: Json, name: string): readonly JsonObject[] {
  const rows = Array.isArray(value) ? (value as readonly Json[]) : [value as Json];
  if (!rows.every(row => isJsonObject(row))) {
    throw beyondErrors.invalidNesting(`"${name}" takes an object or a list of objects.`);
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
  insert(table: Table, entries: readonly Entry[], depth: number): number {
    if (depth > maxDepth) {
      throw beyondErrors.invalidNesting(`Rows are nested more than ${maxDepth} levels deep.`);
    }
    const group = this.#groups.push({ table, keys: new Map() }) - 1;
    const embeds = this.#embedsOf(table, entries);
    for (const embed of embeds) if (isReferred(embed.relationship)) this.#before(embed, entries, depth);
    this.#emit(group, table, entries);
    for (const embed of embeds) if (!isReferred(embed.relationship)) this.#after(embed, group, depth);
    return group;
  }

  /** Notes that other rows refer to these columns. */
  need(group: number, names: readonly string[]): void {
    const { table, keys } = this.#groups[group]!;
    for (const name of names) keys.set(name, { name, type: table.columns.get(name)?.nominalType ?? 'text' });
  }

  #embedsOf(table: Table, entries: readonly Entry[]): readonly Embed[] {
    const embeds = new Map<string, Embed>();
    entries.forEach(({ value: row }, parent) => {
      for (const [name, value] of Object.entries(row)) {
        if (table.columns.has(name)) continue;
        if (typeof value !== 'object') throw schemaCacheErrors.columnNotFound(table.name, name);
        const embed = embeds.get(name) ?? this.#embed(table, name);
        embeds.set(name, embed);
        // Nothing is related: as if it had not been written.
        if (value === null) continue;
        const rows = asRows(value, name);
        if (isToOne(embed.relationship) && Array.isArray(value)) {
          throw beyondErrors.invalidNesting(`"${name}" is one row of "${embed.target.name}", not a list.`);
        }
        for (const item of rows) embed.items.push({ parent, value: item });
      }
    });
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
  #before(embed: Embed, entries: readonly Entry[], depth: number): void {
    const { relationship, target, items } = embed;
    if (relationship.kind === 'many-to-many' || relationship.kind === 'computed') return;
    const group = this.insert(
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
  #after({ relationship, target, items }: Embed, group: number, depth: number): void {
    if (relationship.kind === 'computed') return;
    if (relationship.kind !== 'many-to-many') {
      const pairs = relationship.columns.map(([source, column]) => [column, source] as const);
      const children = items.map(({ parent, value }) => ({ value, links: [{ group, ord: parent, pairs }] }));
      this.need(
        group,
        relationship.columns.map(([source]) => source),
      );
      this.insert(target, children, depth + 1);
      return;
    }
    const { sourceKey, targetKey, junction } = relationship;
    const targets = this.insert(
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
        value: {},
        links: [
          { group, ord: parent, pairs: toSource },
          { group: targets, ord, pairs: toTarget },
        ],
      }),
    );
    this.#emit(this.#groups.push({ table, keys: new Map() }) - 1, table, rows);
  }

  /** One statement for each set of columns, as a column that is left out takes its default. */
  #emit(group: number, table: Table, entries: readonly Entry[]): void {
    const shapes = new Map<
      string,
      { names: readonly string[]; links: readonly Link[]; rows: JsonObject[] }
    >();
    entries.forEach(({ value, links }, ord) => {
      const names = Object.keys(value)
        .filter(name => table.columns.has(name))
        .sort();
      const shape = JSON.stringify([names, links.map(({ group: to, pairs }) => [to, pairs])]);
      const found = shapes.get(shape) ?? { names, links, rows: [] };
      shapes.set(shape, found);
      const marks = links.map((link, i) => [`pgrst_link_${i}`, link.ord] as const);
      found.rows.push({
        ...Object.fromEntries(names.map(name => [name, value[name] ?? null])),
        pgrst_ord: ord,
        ...Object.fromEntries(marks),
      });
    });
    let continues = false;
    for (const { names, links, rows } of shapes.values()) {
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
      if (this.#inserts.length === maxStatements) {
        throw beyondErrors.invalidNesting(
          `The rows need more than ${maxStatements} statements.`,
          'Give all rows of a level the same columns.',
        );
      }
      const scope = { catalog: this.#context.catalog, table };
      this.#inserts.push({
        table: { schema: table.schema, name: table.name },
        columns: names.map(name => payloadColumn(scope, table, name)),
        links: links.map(({ group: to, pairs }) => ({ group: to, pairs })),
        rows: JSON.stringify(rows),
        group,
        continues,
      });
      continues = true;
    }
  }
}

/** Whether the row holds the reference, so that what it refers to must be there first. */
const isReferred = (relationship: Relationship): boolean =>
  relationship.kind === 'many-to-one' || (relationship.kind === 'one-to-one' && !relationship.isParent);
