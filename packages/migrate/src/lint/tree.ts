/** How to read PostgreSQL's parse trees, whose every field may be absent. Pure. */
import type { DefElem, Node, TypeName } from 'libpg-query';

type Kinds = Node extends infer Each ? (Each extends unknown ? keyof Each : never) : never;
type Body<Kind extends Kinds> =
  Extract<Node, Record<Kind, unknown>> extends Record<Kind, infer Found> ? Found : never;

/** The body of a node of that kind; undefined of another. @example as(node, 'IndexStmt')?.concurrent */
export function as<Kind extends Kinds>(node: Node | undefined, kind: Kind): Body<Kind> | undefined {
  return node === undefined ? undefined : ((node as Record<string, unknown>)[kind] as Body<Kind> | undefined);
}

/** Those of a list that are of the kind. */
export function every<Kind extends Kinds>(nodes: readonly Node[] | undefined, kind: Kind): Body<Kind>[] {
  return (nodes ?? []).flatMap(node => as(node, kind) ?? []);
}

/** The parts of a name: `[schema, name]`. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap(node => as(node, 'String')?.sval ?? []);
}

/** Of `WITH (…)` and other options, by name: what was given, as text; `true` for a bare name. */
export function optionsOf(nodes: readonly Node[] | undefined): ReadonlyMap<string, string> {
  return new Map(every(nodes, 'DefElem').map(option => [option.defname ?? '', optionText(option)]));
}

function optionText({ arg }: DefElem): string {
  const value = arg && Object.values(arg)[0];
  if (value === undefined) return 'true';
  const { sval, ival, boolval, fval } = value as Record<string, unknown>;
  return String(sval ?? fval ?? ival ?? boolval ?? (as(arg, 'Boolean') ? false : ''));
}

/** Whether an option that was given is on. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && ['true', 'on', '1', 'yes'].includes(value);
}

/** Every object below a node, itself included, with the kind that it has in the tree. */
export function* walk(root: unknown): Generator<readonly [kind: string, body: Record<string, unknown>]> {
  if (Array.isArray(root)) {
    for (const each of root) yield* walk(each);
  } else if (typeof root === 'object' && root !== null) {
    for (const [key, value] of Object.entries(root)) {
      if (typeof value !== 'object' || value === null) continue;
      if (!Array.isArray(value)) yield [key, value as Record<string, unknown>];
      yield* walk(value);
    }
  }
}

/** Every text constant below a node. */
export function* textsIn(root: unknown): Generator<string> {
  for (const [kind, body] of walk(root)) {
    const text = kind === 'A_Const' ? (body.sval as { sval?: string } | undefined)?.sval : undefined;
    if (text !== undefined) yield text;
  }
}

/** A column's type as PostgreSQL knows it. */
export interface ColumnType {
  /** Without `pg_catalog.`; of others' types with their schema, where one was said. */
  readonly name: string;
  /** Length, precision and scale. */
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

export function typeOf(type: TypeName | undefined): ColumnType {
  const names = strings(type?.names);
  const name = (names[0] === 'pg_catalog' ? names.slice(1) : names).join('.');
  const modifiers = every(type?.typmods, 'A_Const').flatMap(({ ival }) => (ival ? [ival.ival ?? 0] : []));
  return { name, modifiers, isArray: (type?.arrayBounds?.length ?? 0) > 0 };
}

const SQL_NAMES: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  bpchar: 'char',
  bool: 'boolean',
  float4: 'real',
  float8: 'double precision',
};

/** As people write it. @example typeText({ name: 'int4', modifiers: [], isArray: true }) // 'integer[]' */
export function typeText({ name, modifiers, isArray }: ColumnType): string {
  const list = modifiers.length > 0 ? `(${modifiers.join(',')})` : '';
  return `${SQL_NAMES[name] ?? name}${list}${isArray ? '[]' : ''}`;
}
