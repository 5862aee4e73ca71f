/**
 * A role's GraphQL schema as data: types with what each of their fields means. Types are made when first looked up, as
 * requests touch few of many. Introspection, validation and planning all read these.
 */
import type { Scalar } from '../catalog/scalars.ts';
import type { FieldMeaning, InputMeaning } from './meaning.ts';

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

export type NamedType = ObjectType | InterfaceType | UnionType | InputObjectType | EnumType | ScalarType;

export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
  readonly description: string | null;
  readonly interfaces: readonly string[];
  readonly fields: ReadonlyMap<string, FieldDef>;
  readonly directives?: readonly string[];
}

export interface InterfaceType {
  readonly kind: 'interface';
  readonly name: string;
  readonly description: string | null;
  readonly fields: ReadonlyMap<string, FieldDef>;
  readonly possibleTypes: readonly string[];
}

export interface UnionType {
  readonly kind: 'union';
  readonly name: string;
  readonly description: string | null;
  readonly possibleTypes: readonly string[];
}

export interface InputObjectType {
  readonly kind: 'input';
  /** The operator that its columns are changed by. */
  readonly update?: string;
  readonly name: string;
  readonly description: string | null;
  readonly fields: ReadonlyMap<string, InputFieldDef>;
}

export interface EnumType {
  readonly kind: 'enum';
  readonly name: string;
  readonly description: string | null;
  readonly values: ReadonlyMap<string, EnumValueDef>;
}

export interface EnumValueDef {
  readonly name: string;
  readonly description: string | null;
  /** What it stands for, such as a column's own name. */
  readonly means: string;
}

export interface ScalarType {
  readonly kind: 'scalar';
  readonly name: string;
  readonly description: string | null;
}

export interface FieldDef {
  readonly name: string;
  readonly description: string | null;
  readonly args: ReadonlyMap<string, InputFieldDef>;
  readonly type: TypeRef;
  readonly means: FieldMeaning;
}

export interface InputFieldDef {
  readonly name: string;
  readonly description: string | null;
  /** As introspection shows it. */
  readonly type: TypeRef;
  /** Written null is taken. Where it is not, the type may be nullable all the same: then it says that the field may be left out. */
  readonly takesNull: boolean;
  /** GraphQL text of the value of a field left out. */
  readonly default?: string;
  readonly means: InputMeaning;
}

/** What a role sees. */
export interface RoleSchema {
  readonly query: string;
  readonly mutation: string | null;
  readonly subscription: string | null;
  /** @throws {Error} for a name that no type refers to. */
  type(name: string): NamedType | undefined;
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
