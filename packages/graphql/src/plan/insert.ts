/**
 * Inserts, rows beside them included: which row comes first, and what it hands on to the next. Pure.
 * @see https://hasura.io/docs/2.0/mutations/postgres/insert/
 */
import { HasuraError, type Path } from '../errors.ts';
import { allOf } from '../ir/boolExp.ts';
import type { InsertStep, MutationPlan, OnConflict } from '../ir/mutation.ts';
import type { Value } from '../ir/value.ts';
import {
  type InsertPermissions,
  type RelationshipModel,
  showTable,
  type TableModel,
} from '../model/types.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import type { Input } from '../resolve/values.ts';
import { placeholder } from '../schema/onConflict.ts';
import type { Carriers } from './carriers.ts';
import type { PlanContext } from './context.ts';
import { insertColumn } from './insertColumn.ts';
import { planOutput } from './mutationOutput.ts';
import { itemsOf, toValue } from './values.ts';
import { planWhere } from './where.ts';

/** Rows that are planned before others get their turn. */
const rowsAtOnce = 64;

/** Yields between rows. @throws {HasuraError} */
export function* planInsert(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  isOne: boolean,
  carriers: Carriers,
): Generator<void, MutationPlan> {
  const { args } = field;
  const path = [...field.path, 'args', isOne ? 'object' : 'objects'];
  const objects = isOne ? [args.object!] : itemsOf(args.objects);
  const onConflict = planOnConflict(context, args.on_conflict ?? args.onConflict, table, [
    ...field.path,
    'args',
    'on_conflict',
  ]);
  const planner = new InsertPlanner(context, carriers);
  yield* planner.insertAll(objects, table, onConflict, new Map(), path, isOne);
  return { steps: planner.steps, output: planOutput(context, field, table, isOne), path };
}

/** A row, taken apart. */
interface Row {
  readonly values: Map<string, Value>;
  readonly nested: readonly Nested[];
}

interface Nested {
  readonly relationship: RelationshipModel;
  readonly table: TableModel;
  readonly input: Input & { readonly kind: 'object' };
}

class InsertPlanner {
  readonly steps: InsertStep[] = [];
  readonly #context: PlanContext;
  readonly #carriers: Carriers;

  constructor(context: PlanContext, carriers: Carriers) {
    this.#context = context;
    this.#carriers = carriers;
  }

  /** Rows of one table; `given` are columns that the rows around them determine. */
  *insertAll(
    objects: readonly Input[],
    table: TableModel,
    onConflict: OnConflict | null,
    given: ReadonlyMap<string, Value>,
    path: Path,
    isSingle: boolean,
    isShown = true,
  ): Generator<void, void> {
    const at = (i: number): Path => (isSingle ? path : [...path, i]);
    const rows: Row[] = [];
    for (const [i, object] of objects.entries()) {
      const row = this.#read(object);
      assertFree(row.values, given, at(i));
      rows.push(row);
      if (i % rowsAtOnce === rowsAtOnce - 1) yield;
    }
    const carrier = this.#carriers.next();
    const shownIn = isShown ? carrier : null;
    if (rows.every(({ nested }) => nested.length === 0)) {
      for (const { values } of rows) for (const [name, value] of given) values.set(name, value);
      if (rows.length > 0)
        yield* this.#add(
          rows.map(({ values }) => values),
          table,
          onConflict,
          { carrier, shownIn, handsOn: [], whenNone: null },
        );
      return;
    }
    // Each by itself: rows beside one row are of it alone. The rows that are shown are collected in one place.
    for (const [i, row] of rows.entries()) {
      yield* this.#insertRow(row, table, onConflict, given, at(i), { shownIn, handsOn: [], whenNone: null });
      yield;
    }
  }

  /** One row with those beside it; gives where it is kept. */
  *#insertRow(
    { values, nested }: Row,
    table: TableModel,
    onConflict: OnConflict | null,
    given: ReadonlyMap<string, Value>,
    path: Path,
    options: Omit<AddOptions, 'carrier'>,
  ): Generator<void, string> {
    const columns = new Map([...values, ...given]);
    const before = nested.filter(({ relationship }) => isBefore(relationship));
    const after = nested.filter(({ relationship }) => !isBefore(relationship));
    for (const { relationship } of before) {
      const taken = relationship.join.map(([own]) => own).filter(own => columns.has(own));
      if (taken.length > 0)
        throw new HasuraError(
          'validation-failed',
          `cannot insert object relationship "${relationship.name}" as ${showColumns(taken)} column values are already determined`,
          { path: [...path, relationship.name] },
        );
    }
    for (const { relationship, table: target, input } of before) {
      const carrier = yield* this.#insertRelated(input, relationship, target, path, new Map());
      for (const [own, other] of relationship.join)
        columns.set(own, {
          kind: 'carried',
          carrier,
          column: other,
          scalar: target.columns.get(other)!.scalar,
        });
    }
    const carrier = this.#carriers.next();
    const whenNone =
      options.whenNone ??
      (after.length === 0
        ? null
        : new HasuraError(
            'not-supported',
            `cannot proceed to insert array relations since insert to table "${showTable(table.name)}" affects zero rows`,
            { path },
          ));
    const handsOn = [
      ...options.handsOn,
      ...after.flatMap(({ relationship }) => relationship.join.map(([own]) => own)),
    ];
    yield* this.#add([columns], table, onConflict, { ...options, carrier, handsOn, whenNone });
    for (const { relationship, table: target, input } of after) {
      const determined = new Map(
        relationship.join.map(([own, other]) => {
          const { scalar } = table.columns.get(own)!;
          return [other, { kind: 'carried', carrier, column: own, scalar } as const];
        }),
      );
      if (relationship.kind === 'object') {
        yield* this.#insertRelated(input, relationship, target, path, determined);
        continue;
      }
      const at = [...path, relationship.name];
      const conflict = this.#onConflict(input, target, at);
      yield* this.insertAll(
        itemsOf(memberOf(input, 'data')),
        target,
        conflict,
        determined,
        [...at, 'data'],
        false,
        false,
      );
    }
    return carrier;
  }

  /** The row of an object relationship; gives where it is kept. */
  *#insertRelated(
    input: Nested['input'],
    relationship: RelationshipModel,
    table: TableModel,
    outer: Path,
    given: ReadonlyMap<string, Value>,
  ): Generator<void, string> {
    const path = [...outer, relationship.name];
    const row = this.#read(memberOf(input, 'data')!);
    assertFree(row.values, given, [...path, 'data']);
    const isFirst = isBefore(relationship);
    return yield* this.#insertRow(
      row,
      table,
      this.#onConflict(input, table, path),
      given,
      [...path, 'data'],
      {
        shownIn: null,
        handsOn: isFirst ? relationship.join.map(([, other]) => other) : [],
        whenNone: new HasuraError(
          'not-supported',
          `cannot proceed to insert object relation "${relationship.name}" since insert to table "${showTable(table.name)}" affects zero rows`,
          { path },
        ),
      },
    );
  }

  #onConflict(input: Nested['input'], table: TableModel, path: Path): OnConflict | null {
    return planOnConflict(this.#context, memberOf(input, 'on_conflict', 'onConflict'), table, [
      ...path,
      'on_conflict',
    ]);
  }

  *#add(
    rows: readonly ReadonlyMap<string, Value>[],
    table: TableModel,
    onConflict: OnConflict | null,
    { carrier, shownIn, handsOn, whenNone }: AddOptions,
  ): Generator<void, void> {
    const permissions = this.#permissions(table);
    const names = new Set<string>();
    for (const row of rows) for (const name of row.keys()) names.add(name);
    for (const name of permissions.presets.keys()) names.add(name);
    const columns = [...names].map(name => insertColumn(table, name));
    const values: (Value | null)[][] = [];
    for (const [i, row] of rows.entries()) {
      values.push(columns.map(({ name }) => permissions.presets.get(name) ?? row.get(name) ?? null));
      if (i % rowsAtOnce === rowsAtOnce - 1) yield;
    }
    const updates = onConflict !== null && onConflict.updateColumns.length > 0;
    this.steps.push({
      kind: 'insert',
      table: table.name,
      columns,
      rows: values,
      onConflict,
      check: permissions.check.kind === 'constant' && permissions.check.value ? null : permissions.check,
      // Views have no system columns, by which rows that were there before are told from new ones.
      updateCheck:
        updates && table.table.kind === 'table'
          ? (this.#context.view.permissions(table).update?.check ?? null)
          : null,
      handsOn: new Set(handsOn),
      whenNone,
      carrier,
      shownIn,
    });
  }

  #permissions(table: TableModel): InsertPermissions {
    const permissions = this.#context.view.permissions(table).insert;
    if (!permissions)
      throw new TypeError(`${this.#context.view.role} may not insert into ${table.name.name}`);
    return permissions;
  }

  #read(input: Input): Row {
    if (input.kind !== 'object') throw new TypeError('A row is an object');
    const values = new Map<string, Value>();
    const nested: Nested[] = [];
    for (const { def, value } of input.fields) {
      const { means } = def;
      if (means.kind === 'column') values.set(means.column.name, toValue(value, means.column.scalar));
      // Null means no row beside; so does an empty list.
      else if (means.kind === 'relationship' && value.kind === 'object') {
        const isEmpty = means.relationship.kind === 'array' && itemsOf(memberOf(value, 'data')).length === 0;
        if (!isEmpty) nested.push({ relationship: means.relationship, table: means.table, input: value });
      }
    }
    return { values, nested };
  }
}

interface AddOptions {
  readonly carrier: string;
  readonly shownIn: string | null;
  readonly handsOn: readonly string[];
  readonly whenNone: HasuraError | null;
}

function isBefore({ kind, insertionOrder }: RelationshipModel): boolean {
  return kind === 'object' && insertionOrder === 'before_parent';
}

/** @throws {HasuraError} for columns that are given and determined at once */
function assertFree(values: ReadonlyMap<string, Value>, given: ReadonlyMap<string, Value>, path: Path): void {
  const taken = [...given.keys()].filter(name => values.has(name));
  if (taken.length > 0)
    throw new HasuraError(
      'validation-failed',
      `cannot insert ${showColumns(taken)} columns as their values are already being determined by parent insert`,
      { path },
    );
}

function showColumns(names: readonly string[]): string {
  return names.map(name => `"${name}"`).join(', ');
}

function memberOf(
  input: Input & { readonly kind: 'object' },
  ...names: readonly string[]
): Input | undefined {
  return input.fields.find(({ def }) => names.includes(def.name))?.value;
}

function planOnConflict(
  context: PlanContext,
  input: Input | undefined,
  table: TableModel,
  path: Path,
): OnConflict | null {
  if (input?.kind !== 'object') return null;
  const constraint = memberOf(input, 'constraint');
  const named = itemsOf(memberOf(input, 'update_columns', 'updateColumns')).flatMap(item =>
    item.kind === 'enum' ? [item.value] : [],
  );
  const columns = [...new Set(named)];
  if (columns.includes(placeholder))
    throw new HasuraError('validation-failed', 'erroneous column name', { path });
  const update = context.view.permissions(table).update;
  return {
    constraint: constraint?.kind === 'enum' ? constraint.value : '',
    updateColumns: columns,
    presets: [...(update?.presets ?? [])].map(([column, value]) => ({ column, operator: 'set', value })),
    where: allOf([...(update ? [update.filter] : []), planWhere(context, memberOf(input, 'where'), table)]),
  };
}
