/** What a statement is written with: its parameters, and aliases that no client's name can be. */
import { AnswerBound, quoteIdentifier, quoteLiteral, quoteQualified, type Sql } from '@peakstone/kernel/pg';
import { functionIn, schemaOf } from '../catalog/operators.ts';
import type { Scalar } from '../catalog/scalars.ts';
import type { Join, TableName } from '../ir/boolExp.ts';
import type { ParamSource, Value } from '../ir/value.ts';

/** Text, its twin for answers that are larger than most, and what their parameters are filled with. */
export interface StatementTemplate extends Pick<Sql, 'text' | 'large'> {
  readonly params: readonly ParamSource[];
}

/** Where a parameter's value is found: `$1`, or a member of a subscriber's row when many run in one statement. */
export type ParamStyle = (position: number) => string;

export const numbered: ParamStyle = position => `$${position}`;

/** The rows at hand, and those of the root, by their aliases. */
export interface Scope {
  readonly current: string;
  readonly root: string;
}

/** Where rows are joined to those around them. */
export interface Outer {
  readonly scope: Scope;
  readonly join: Join;
}

export class SqlWriter {
  readonly params: ParamSource[] = [];
  /** Of the lists that are made. */
  readonly bound: AnswerBound;
  readonly #style: ParamStyle;
  #aliases = 0;
  readonly #used = new Map<string, Set<string>>();
  readonly #whole = new Set<string>();
  /** Of parameters, by what equal ones share. */
  readonly #positions = new Map<unknown, number>();
  readonly #kinds = new Map<string, string>();

  constructor(maxAnswerBytes: number, style: ParamStyle = numbered) {
    this.bound = new AnswerBound(maxAnswerBytes);
    this.#style = style;
  }

  /** What was written, as it is run. */
  finish(text: string): StatementTemplate {
    return { ...this.bound.finish(text), params: this.params };
  }

  /** `json_agg` of one value of each of `rows`, which is made once, for its size and for the list; `[]` where there are none. */
  list(item: string, rows: string): string {
    const each = this.alias('b');
    const column = `${each}."item"`;
    return `(select coalesce(pg_catalog.json_agg(${column}), ${this.bound.sum(column)}, '[]') from (select ${item} as "item" from ${rows} offset 0) ${each})`;
  }

  /** A column of the rows at hand, which whoever makes those rows has to give. */
  column(alias: string, name: string): string {
    const used = this.#used.get(alias);
    if (used) used.add(name);
    else this.#used.set(alias, new Set([name]));
    return `${alias}.${quoteIdentifier(name)}`;
  }

  /** The whole row, as a function takes it. */
  row(alias: string): string {
    this.#whole.add(alias);
    return alias;
  }

  /** The columns that were used of an alias; null: all of them. */
  used(alias: string): ReadonlySet<string> | null {
    return this.#whole.has(alias) ? null : (this.#used.get(alias) ?? new Set());
  }

  /** Marks an alias as one of a kind whose columns are asked for together. */
  note(alias: string, kind: string): void {
    this.#kinds.set(alias, kind);
  }

  /** The columns used of all aliases of a kind; null: all of them. */
  usedOf(kind: string): ReadonlySet<string> | null {
    const all = new Set<string>();
    for (const [alias, of] of this.#kinds) {
      if (of !== kind) continue;
      const used = this.used(alias);
      if (used === null) return null;
      for (const name of used) all.add(name);
    }
    return all;
  }

  /** `t$1`: GraphQL's names have no dollar, so that no field is ever taken for it. */
  alias(kind: string): string {
    return `${kind}$${++this.#aliases}`;
  }

  /** A parameter, cast to its type; equal ones are one. */
  param(source: ParamSource, type: string): string {
    const same = sameKey(source);
    let position = this.#positions.get(same);
    if (position === undefined) {
      position = this.params.push(source);
      this.#positions.set(same, position);
    }
    return `(${this.#style(position)})::${type}`;
  }

  value(value: Value, scope: Scope): string {
    switch (value.kind) {
      case 'param':
        return construct(value.scalar, this.param(value.source, typeOf(value.scalar)));
      case 'literal':
        return value.text === null
          ? `null::${typeOf(value.scalar)}`
          : construct(value.scalar, `(${quoteLiteral(value.text)})::${typeOf(value.scalar)}`);
      case 'column':
        return this.column(value.scope === 'root' ? scope.root : scope.current, value.column);
      case 'carried':
        return `(${carrierSql(value.carrier)}::jsonb operator(pg_catalog.->) 0 operator(pg_catalog.->>) ${quoteLiteral(value.column)})::${value.scalar.sql}`;
      case 'list':
        return `array[${value.items.map(item => this.value(item, scope)).join(', ')}]::${value.scalar.sql}`;
      case 'least':
        return `least(${value.values.map(each => this.value(each, scope)).join(', ')})`;
    }
  }
}

export function typeOf({ kind, sql }: { readonly kind: string; readonly sql: string }): string {
  // They come as GeoJSON, which the constructor reads.
  return kind === 'geometry' || kind === 'geography' || kind === 'raster' ? 'text' : sql;
}

/** A value of PostGIS' from what stands for it. */
export function construct(scalar: Scalar, text: string): string {
  const call = (name: string): string => `${functionIn(schemaOf(scalar), name)}(${text})`;
  switch (scalar.kind) {
    case 'geometry':
      return call('ST_GeomFromGeoJSON');
    case 'geography':
      return `${call('ST_GeomFromGeoJSON')}::${scalar.sql}`;
    case 'raster':
      return call('ST_RastFromHexWKB');
    default:
      return text;
  }
}

/** What parameters that are one have in common. */
function sameKey(source: ParamSource): unknown {
  if (source.kind === 'session') return source.name;
  return source.kind === 'sessionJson' ? '' : source;
}

/** What statements of one transaction hand on: rows as JSON, in a setting that ends with it. */
export function carrierSql(carrier: string): string {
  return settingSql(carrier, '[]');
}

/** Arrays beside one another, a column each, of the functions of which none is somebody else's. */
export function unnestSql(arrays: readonly string[]): string {
  return `rows from (${arrays.map(each => `pg_catalog.unnest(${each})`).join(', ')})`;
}

/** A setting's text, or another where there is none. */
export function settingSql(name: string, otherwise: string): string {
  const text = `pg_catalog.current_setting(${quoteLiteral(name)}, true)`;
  return `(case when ${text} operator(pg_catalog.<>) '' then ${text} else ${quoteLiteral(otherwise)} end)`;
}

export function tableSql({ schema, name }: TableName): string {
  return quoteQualified(schema, name);
}
