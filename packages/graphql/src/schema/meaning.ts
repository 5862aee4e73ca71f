/** What fields and arguments of a schema stand for: the planner's instructions, beside the names that clients write. */
import type { Scalar } from '../catalog/scalars.ts';
import type { JsonObject } from '../definition/metadata.ts';
import type { OperatorName } from '../ir/operators.ts';
import type {
  ActionModel,
  ColumnModel,
  ComputedFieldModel,
  FunctionModel,
  RelationshipModel,
  RemoteSchemaModel,
  TableModel,
} from '../model/types.ts';
import type { Preset, RemoteInput } from '../remote/types.ts';

export type FieldMeaning =
  | {
      readonly kind: 'select' | 'selectByPk' | 'selectAggregate' | 'selectStream' | 'nativeQuery';
      readonly table: TableModel;
    }
  | {
      readonly kind:
        | 'insert'
        | 'insertOne'
        | 'update'
        | 'updateByPk'
        | 'updateMany'
        | 'delete'
        | 'deleteByPk';
      readonly table: TableModel;
    }
  | {
      readonly kind: 'function' | 'functionAggregate';
      readonly function: FunctionModel;
      readonly table: TableModel;
    }
  | { readonly kind: 'column'; readonly column: ColumnModel }
  | { readonly kind: 'relationship'; readonly relationship: RelationshipModel; readonly table: TableModel }
  | {
      readonly kind: 'relationshipAggregate';
      readonly relationship: RelationshipModel;
      readonly table: TableModel;
    }
  | { readonly kind: 'computedField'; readonly field: ComputedFieldModel; readonly table: TableModel | null }
  /** Relay's: rows of a table, of a relationship's or of a function's. */
  | {
      readonly kind: 'connection';
      readonly table: TableModel;
      readonly relationship: RelationshipModel | null;
      readonly function: FunctionModel | null;
    }
  /** Relay's: a row of any table, by its id. */
  | { readonly kind: 'node' | 'nodeId' | 'edges' | 'pageInfo' | 'cursor' | 'edgeNode' | 'pageInfoMember' }
  /** Apollo Federation's. */
  | { readonly kind: 'service' | 'sdl' }
  | { readonly kind: 'entities'; readonly entities: ReadonlyMap<string, TableModel> }
  | { readonly kind: 'aggregate' }
  | { readonly kind: 'nodes' }
  | { readonly kind: 'count' }
  | { readonly kind: 'aggregateOperator'; readonly fn: string }
  | { readonly kind: 'affectedRows' }
  | { readonly kind: 'returning' }
  | { readonly kind: 'typename' }
  | { readonly kind: 'action'; readonly action: ActionModel }
  | { readonly kind: 'asyncResult'; readonly action: ActionModel }
  | { readonly kind: 'asyncField'; readonly member: 'id' | 'created_at' | 'errors' | 'output' }
  /** A remote schema's, under its own name there. */
  | {
      readonly kind: 'remote';
      readonly schema: RemoteSchemaModel;
      readonly field: string;
      readonly presets: ReadonlyMap<string, Preset>;
    }
  | { readonly kind: 'remoteField'; readonly field: string; readonly presets: ReadonlyMap<string, Preset> }
  | { readonly kind: 'actionField'; readonly name: string }
  /** Rows of a database that are joined to what comes from elsewhere. */
  | {
      readonly kind: 'tableJoin';
      readonly table: TableModel;
      readonly shape: 'object' | 'array' | 'aggregate';
      /** Members of what they are joined to, and columns. */
      readonly keys: readonly (readonly [string, string])[];
    }
  /** A field of a remote schema that is joined to what comes from elsewhere, and those on the way to it. */
  | {
      readonly kind: 'remoteJoin';
      readonly schema: RemoteSchemaModel;
      /** Of what it is joined to. */
      readonly members: readonly string[];
      readonly steps: readonly RemoteStep[];
    }
  | { readonly kind: 'introspectSchema' | 'introspectType' }
  /** Fields of a source that has a namespace of its own. */
  | { readonly kind: 'namespace' }
  /** Introspection's own types, whose fields are read from the schema. */
  | { readonly kind: 'introspection'; readonly member: string }
  /** No table visible to the role: the one field there must be. */
  | { readonly kind: 'noQueries' };

export interface RemoteStep {
  readonly field: string;
  readonly template: JsonObject;
  readonly inputs: ReadonlyMap<string, RemoteInput>;
  readonly presets: ReadonlyMap<string, Preset>;
}

export type InputMeaning =
  | { readonly kind: 'argument' }
  | { readonly kind: 'and' | 'or' | 'not' }
  | { readonly kind: 'column'; readonly column: ColumnModel }
  | { readonly kind: 'relationship'; readonly relationship: RelationshipModel; readonly table: TableModel }
  | {
      readonly kind: 'relationshipAggregate';
      readonly relationship: RelationshipModel;
      readonly table: TableModel;
    }
  | { readonly kind: 'computedField'; readonly field: ComputedFieldModel; readonly table: TableModel | null }
  | { readonly kind: 'operator'; readonly operator: OperatorName }
  | { readonly kind: 'isNull' }
  /** An object of columns to change. */
  | { readonly kind: 'update' }
  | { readonly kind: 'cast' }
  | { readonly kind: 'castTo'; readonly scalar: Scalar }
  | { readonly kind: 'count' }
  | { readonly kind: 'aggregateOperator'; readonly fn: string }
  /** An argument of a function, by its position. */
  | { readonly kind: 'functionArgument'; readonly index: number };
