/** What a statement is written with: its parameters, and aliases that no client's name can be. */
import { quoteIdentifier, quoteLiteral, quoteQualified } from '@peakstone/kernel/pg';
import type { Join, TableName } from '../ir/boolExp.ts';
import type { ParamSource, Value } from '../ir/value.ts';

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
  readonly #style: ParamStyle;
  #aliases = 0;

  constructor(style: ParamStyle = numbered) {
    this.#style = style;
  }

  /** `t$1`: GraphQL's names have no dollar, so that no field is ever taken for it. */
  alias(kind: string): string {
    return `${kind}$${++this.#aliases}`;
  }

  /** A parameter, cast to its type; equal ones are one. */
  param(source: ParamSource, type: string): string {
    let position = this.params.findIndex(known => isSame(known, source));
    if (position < 0) position = this.params.push(source) - 1;
    return `(${this.#style(position + 1)})::${type}`;
  }

  value(value: Value, scope: Scope): string {
    switch (value.kind) {
      case 'param':
        return construct(value.scalar.kind, this.param(value.source, typeOf(value.scalar)));
      case 'literal':
        return value.text === null
          ? `null::${typeOf(value.scalar)}`
          : construct(value.scalar.kind, `(${quoteLiteral(value.text)})::${typeOf(value.scalar)}`);
      case 'column':
        return `${value.scope === 'root' ? scope.root : scope.current}.${quoteIdentifier(value.column)}`;
      case 'list':
        return `array[${value.items.map(item => this.value(item, scope)).join(', ')}]::${value.scalar.sql}`;
      case 'least':
        return `least(${value.values.map(each => this.value(each, scope)).join(', ')})`;
    }
  }
}

function typeOf({ kind, sql }: { readonly kind: string; readonly sql: string }): string {
  // They come as GeoJSON, which the constructor reads.
  return kind === 'geometry' || kind === 'geography' || kind === 'raster' ? 'text' : sql;
}

function construct(kind: string, text: string): string {
  if (kind === 'geometry') return `ST_GeomFromGeoJSON(${text})`;
  if (kind === 'geography') return `ST_GeomFromGeoJSON(${text})::geography`;
  if (kind === 'raster') return `ST_RastFromHexWKB(${text})`;
  return text;
}

function isSame(a: ParamSource, b: ParamSource): boolean {
  if (a === b) return true;
  if (a.kind === 'session') return b.kind === 'session' && a.name === b.name;
  return a.kind === 'sessionJson' && b.kind === 'sessionJson';
}

export function tableSql({ schema, name }: TableName): string {
  return quoteQualified(schema, name);
}

export const column = (alias: string, name: string): string => `${alias}.${quoteIdentifier(name)}`;
