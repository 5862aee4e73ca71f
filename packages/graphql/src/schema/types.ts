/**
 * A role's GraphQL schema as data: types with what each of their fields means. Types are made when first looked up, as
 * requests touch few of many. Introspection, validation and planning all read these.
 */
import type { TypeRef } from '../ir/typeRef.ts';
import type { Preset } from '../remote/types.ts';
import type { FieldMeaning, InputMeaning } from './meaning.ts';

export {
  baseName,
  listOf,
  type NamedRef,
  named,
  nonNull,
  nullable,
  refined,
  showType,
  type TypeRef,
} from '../ir/typeRef.ts';

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
  /** Fields that a permission gives, and nobody else. */
  readonly presets?: ReadonlyMap<string, Preset>;
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
