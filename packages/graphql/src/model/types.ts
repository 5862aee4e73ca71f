/**
 * Metadata and catalog resolved into one another: tables with their GraphQL names, relationships with their columns,
 * permissions with their conditions. Made whole on each change, never mutated.
 */

import type { Column, Table } from '@peakstone/kernel/catalog';
import type { OperationDefinitionNode } from 'graphql/language/index.js';
import type { FunctionFacts } from '../catalog/functions.ts';
import type { Scalar } from '../catalog/scalars.ts';
import type { ActionConf } from '../definition/actions.ts';
import type {
  ComputedFieldMetadata,
  FunctionMetadata,
  JsonObject,
  Metadata,
  Source,
  TableMetadata,
} from '../definition/metadata.ts';
import type { RemoteSchemaConf } from '../definition/remoteSchemas.ts';
import type { BoolExp, Join, Mapping, TableName } from '../ir/boolExp.ts';
import type { TypeRef } from '../ir/typeRef.ts';
import type { Value } from '../ir/value.ts';
import type { RemoteNames } from '../remote/customize.ts';
import type { RemoteDocument } from '../remote/types.ts';
import type { Identifier, Naming } from './naming.ts';

export interface Model {
  readonly metadata: Metadata;
  readonly sources: ReadonlyMap<string, SourceModel>;
  readonly actions: ReadonlyMap<string, ActionModel>;
  readonly customTypes: CustomTypesModel;
  readonly endpoints: readonly EndpointModel[];
  /** Those that answer, by name. */
  readonly remoteSchemas: ReadonlyMap<string, RemoteSchemaModel>;
  /** Relationships out of a source or a remote schema, by what they begin in (`joinOwnerKey`) and their names. */
  readonly joins: ReadonlyMap<string, ReadonlyMap<string, JoinModel>>;
  /** Roles that are made of others: by name, the roles whose permissions they join. */
  readonly inheritedRoles: ReadonlyMap<string, readonly string[]>;
  readonly inconsistencies: readonly Inconsistency[];
}

/** A stored operation that is served at a path. */
export interface EndpointModel {
  readonly name: string;
  readonly url: string;
  /** Of the path; those that begin with a colon are variables. */
  readonly segments: readonly string[];
  readonly methods: readonly string[];
  readonly query: string;
  readonly operation: OperationDefinitionNode;
  readonly comment: string | null;
}

/** A GraphQL server that answers a part of the schema. */
export interface RemoteSchemaModel {
  readonly conf: RemoteSchemaConf;
  readonly document: RemoteDocument;
  readonly names: RemoteNames;
  /** What of it is whose, by role. */
  readonly roles: ReadonlyMap<string, RemoteDocument>;
}

export interface ActionModel {
  readonly name: string;
  readonly conf: ActionConf;
  readonly kind: 'query' | 'mutation' | 'asynchronous';
  readonly arguments: readonly (FieldModel & { readonly name: string })[];
  readonly output: TypeRef;
}

/** What a relationship out of a source or a remote schema begins in. */
export type JoinOwner =
  | { readonly kind: 'table'; readonly source: string; readonly table: TableName }
  | { readonly kind: 'remoteType'; readonly schema: string; readonly type: string };

export function joinOwnerKey(owner: JoinOwner): string {
  return owner.kind === 'table'
    ? `table\0${owner.source}\0${tableKey(owner.table)}`
    : `type\0${owner.schema}\0${owner.type}`;
}

/** Members are of what it begins in: columns and computed fields by their names in the database, or fields of the type. */
export type JoinModel =
  | {
      readonly kind: 'source';
      readonly name: string;
      readonly source: string;
      readonly table: TableName;
      readonly shape: 'object' | 'array';
      /** Members, and columns of the table. */
      readonly mapping: Mapping;
    }
  | {
      readonly kind: 'remoteSchema';
      readonly name: string;
      readonly schema: string;
      readonly members: readonly string[];
      /** Fields, one below the other, with their arguments as templates. */
      readonly steps: readonly { readonly field: string; readonly args: JsonObject }[];
    };

interface FieldModel {
  readonly type: TypeRef;
  readonly description: string | null;
}

/** Types of actions, by name. */
export interface CustomTypesModel {
  readonly objects: ReadonlyMap<string, CustomObjectModel>;
  readonly inputs: ReadonlyMap<
    string,
    { readonly description: string | null; readonly fields: ReadonlyMap<string, FieldModel> }
  >;
  readonly enums: ReadonlyMap<
    string,
    { readonly description: string | null; readonly values: ReadonlyMap<string, string | null> }
  >;
  /** With their descriptions. */
  readonly scalars: ReadonlyMap<string, string | null>;
}

export interface CustomObjectModel {
  readonly description: string | null;
  readonly fields: ReadonlyMap<string, FieldModel>;
  readonly relationships: readonly {
    readonly name: string;
    readonly kind: 'object' | 'array';
    readonly source: string;
    readonly table: TableName;
    /** Fields of the object, and columns of the table. */
    readonly mapping: Mapping;
  }[];
}

export interface SourceModel {
  readonly name: string;
  readonly metadata: Source;
  readonly naming: Naming;
  /** By `tableKey`. */
  readonly tables: ReadonlyMap<string, TableModel>;
  readonly functions: readonly FunctionModel[];
  /** Functions and relations that look at who asks, quoted as in statements. */
  readonly sessionAware: ReadonlySet<string>;
}

export interface TableModel {
  readonly source: string;
  readonly name: TableName;
  readonly metadata: TableMetadata;
  /** What the database says of it. */
  readonly table: Table;
  readonly id: Identifier;
  /** False where its name is none that GraphQL takes: then it is served by the v1 API alone. */
  readonly isInGraphql: boolean;
  /** By their names in the database, in its order. */
  readonly columns: ReadonlyMap<string, ColumnModel>;
  readonly primaryKey: readonly ColumnModel[];
  readonly relationships: ReadonlyMap<string, RelationshipModel>;
  readonly computedFields: ReadonlyMap<string, ComputedFieldModel>;
  /** Rows of an enum table: values with their comments. */
  readonly enumValues: ReadonlyMap<string, string | null> | null;
  /** Of a native query, whose rows come from a text of the metadata rather than from a relation. */
  readonly native?: NativeModel;
}

export interface NativeModel {
  /** The root field. */
  readonly field: string;
  readonly comment: string | null;
  readonly parts: readonly (string | { readonly argument: string })[];
  readonly arguments: readonly {
    readonly name: string;
    readonly scalar: Scalar;
    readonly nullable: boolean;
    readonly description: string;
  }[];
}

export interface ColumnModel {
  readonly name: string;
  /** The field's name; null where the column's is none that GraphQL takes. */
  readonly graphql: string | null;
  readonly scalar: Scalar;
  readonly nullable: boolean;
  readonly description: string | null;
  /** The enum table that it refers to. */
  readonly enumTable: TableName | null;
  readonly column: Column;
}

export interface RelationshipModel {
  readonly name: string;
  readonly kind: 'object' | 'array';
  readonly target: TableName;
  readonly join: Join;
  /** There may be no such row. */
  readonly nullable: boolean;
  /** In nested inserts, which row comes first. */
  readonly insertionOrder: 'before_parent' | 'after_parent';
  readonly comment: string | null;
}

export interface ComputedFieldModel {
  readonly name: string;
  readonly metadata: ComputedFieldMetadata;
  readonly facts: FunctionFacts;
  /** Positions among the function's arguments. */
  readonly tableArgument: number;
  readonly sessionArgument: number | null;
  readonly returns:
    | { readonly kind: 'scalar'; readonly scalar: Scalar }
    | { readonly kind: 'table'; readonly table: TableName };
  readonly comment: string | null;
}

export interface FunctionModel {
  readonly source: string;
  readonly name: TableName;
  readonly id: Identifier;
  readonly metadata: FunctionMetadata;
  readonly facts: FunctionFacts;
  readonly sessionArgument: number | null;
  readonly exposedAs: 'query' | 'mutation';
  readonly returns: TableName;
}

/** What one role may do with a table. */
export interface TablePermissions {
  readonly select: SelectPermissions | null;
  readonly insert: InsertPermissions | null;
  readonly update: UpdatePermissions | null;
  readonly delete: DeletePermissions | null;
}

export interface SelectPermissions {
  /** By column: the rows in which it is shown, null for all that the role sees. */
  readonly columns: ReadonlyMap<string, BoolExp | null>;
  readonly computedFields: ReadonlyMap<string, BoolExp | null>;
  readonly filter: BoolExp;
  readonly limit: number | null;
  readonly aggregations: boolean;
  /** Null: all. */
  readonly queryRoots: ReadonlySet<string> | null;
  readonly subscriptionRoots: ReadonlySet<string> | null;
}

export interface InsertPermissions {
  readonly columns: ReadonlySet<string>;
  readonly check: BoolExp;
  readonly presets: ReadonlyMap<string, Value>;
  readonly backendOnly: boolean;
}

export interface UpdatePermissions {
  readonly columns: ReadonlySet<string>;
  readonly filter: BoolExp;
  readonly check: BoolExp | null;
  readonly presets: ReadonlyMap<string, Value>;
  readonly backendOnly: boolean;
}

export interface DeletePermissions {
  readonly filter: BoolExp;
  readonly backendOnly: boolean;
}

/** A part of the metadata that cannot be served, in the words of `get_inconsistent_metadata`. */
export interface Inconsistency {
  readonly type?: string;
  readonly name?: string;
  readonly reason: string;
  readonly definition?: unknown;
  /** What was said where the reason lies. */
  readonly message?: string;
  /** Of a role that cannot inherit: the permission. */
  readonly entity?: unknown;
  /** Of parts that contradict one another: what each of them is. */
  readonly objects?: readonly {
    readonly type: string;
    readonly name: string;
    readonly definition: unknown;
  }[];
  /** REST endpoints that one request can fit. */
  readonly conflicts?: unknown;
  /** Where the metadata holds it, for `drop_inconsistent_metadata`; null for what is nothing of its own. */
  readonly object: MetadataObject | null;
  /** The other one of two that contradict one another. */
  readonly other?: MetadataObject;
}

/** The address of a part of the metadata. */
export type MetadataObject =
  | { readonly kind: 'source'; readonly source: string }
  | { readonly kind: 'table'; readonly source: string; readonly table: TableName }
  | {
      readonly kind: 'relationship' | 'computedField' | 'eventTrigger';
      readonly source: string;
      readonly table: TableName;
      readonly name: string;
    }
  | {
      readonly kind: 'permission';
      readonly source: string;
      readonly table: TableName;
      readonly role: string;
      readonly permission: 'select' | 'insert' | 'update' | 'delete';
    }
  | {
      readonly kind: 'remoteRelationship';
      readonly source: string;
      readonly table: TableName;
      readonly name: string;
    }
  | {
      readonly kind: 'remoteTypeRelationship';
      readonly schema: string;
      readonly type: string;
      readonly name: string;
    }
  | { readonly kind: 'function'; readonly source: string; readonly function: TableName }
  | { readonly kind: 'nativeQuery'; readonly source: string; readonly name: string }
  | { readonly kind: 'remoteSchemaPermission'; readonly schema: string; readonly role: string }
  | { readonly kind: 'other'; readonly section: string; readonly name: string };

export function tableKey({ schema, name }: TableName): string {
  return `${schema}\0${name}`;
}

/** How the reference shows a table: without the schema public. */
export function showTable({ schema, name }: TableName): string {
  return schema === 'public' ? name : `${schema}.${name}`;
}
