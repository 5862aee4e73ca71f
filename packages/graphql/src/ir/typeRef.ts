/** References to GraphQL's types by name, in lists or not. */
import type { Scalar } from '../catalog/scalars.ts';

export type TypeRef = NamedRef | ListRef;

interface ListRef {
  readonly kind: 'list';
  readonly of: TypeRef;
  readonly nonNull: boolean;
  /** One value of PostgreSQL's array type, rather than several values. */
  readonly array?: Scalar;
}

export interface NamedRef {
  readonly kind: 'named';
  readonly name: string;
  readonly nonNull: boolean;
  /** Where values are a column's, the column's type: it reads more than GraphQL's scalar of that name. */
  readonly scalar?: Scalar;
  /** An `Int` that is no ordinary one: not below zero, or of 64 bits. */
  readonly refine?: 'nonNegative' | 'big';
}

export const named = (name: string, nonNull = false, scalar?: Scalar): TypeRef => ({
  kind: 'named',
  name,
  nonNull,
  ...(scalar && { scalar }),
});
export const listOf = (of: TypeRef, nonNull = false): TypeRef => ({ kind: 'list', of, nonNull });
export const nonNull = (type: TypeRef): TypeRef => ({ ...type, nonNull: true });
export const nullable = (type: TypeRef): TypeRef => ({ ...type, nonNull: false });

/** An `Int` that is no ordinary one. */
export const refined = (type: TypeRef, refine: NonNullable<NamedRef['refine']>): TypeRef =>
  type.kind === 'named' ? { ...type, refine } : type;

/** As GraphQL writes it: `[article!]!`. Pure. */
export function showType(type: TypeRef): string {
  const text = type.kind === 'list' ? `[${showType(type.of)}]` : type.name;
  return type.nonNull ? `${text}!` : text;
}

/** The type's name without lists. Pure. */
export function baseName(type: TypeRef): string {
  return type.kind === 'list' ? baseName(type.of) : type.name;
}
