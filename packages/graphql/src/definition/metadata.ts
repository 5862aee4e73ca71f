/**
 * Hasura's metadata, version 3, as its export writes it: what is stored, imported and exported. Whatever is optional there
 * is optional here, so that an export goes in and comes out the same.
 * @see https://hasura.io/docs/2.0/api-reference/metadata-api/index/
 */

/** A JSON value, for parts that only PostgreSQL or a webhook reads. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Metadata {
  readonly version: 3;
  readonly sources: readonly Source[];
  readonly remote_schemas?: readonly RemoteSchema[];
  readonly query_collections?: readonly QueryCollection[];
  readonly allowlist?: readonly AllowlistEntry[];
  readonly actions?: readonly Action[];
  readonly custom_types?: CustomTypes;
  readonly cron_triggers?: readonly CronTrigger[];
  readonly network?: JsonObject;
  readonly inherited_roles?: readonly InheritedRole[];
  readonly rest_endpoints?: readonly RestEndpoint[];
  readonly metrics_config?: JsonObject;
  readonly api_limits?: JsonObject;
  readonly graphql_schema_introspection?: { readonly disabled_for_roles: readonly string[] };
  readonly opentelemetry?: JsonObject;
  readonly backend_configs?: JsonObject;
}

/** `"authors"` or `{"schema": "public", "name": "authors"}`. */
export type QualifiedTable = string | { readonly schema?: string; readonly name: string };
export type QualifiedFunction = QualifiedTable;

export interface Source {
  readonly name: string;
  readonly kind: 'postgres' | 'pg' | 'citus' | 'cockroach';
  readonly tables: readonly TableMetadata[];
  readonly functions?: readonly FunctionMetadata[];
  readonly native_queries?: readonly NativeQuery[];
  readonly stored_procedures?: readonly Json[];
  readonly logical_models?: readonly LogicalModel[];
  readonly configuration: SourceConfiguration;
  readonly customization?: SourceCustomization;
  readonly health_check?: JsonObject;
  readonly query_tags?: JsonObject;
}

export interface SourceConfiguration {
  readonly connection_info: ConnectionInfo;
  readonly read_replicas?: readonly ConnectionInfo[];
  readonly extensions_schema?: string;
  readonly connection_template?: JsonObject;
}

export interface ConnectionInfo {
  readonly database_url: DatabaseUrl;
  readonly pool_settings?: PoolSettings;
  readonly use_prepared_statements?: boolean;
  readonly isolation_level?: 'read-committed' | 'repeatable-read' | 'serializable';
  readonly ssl_configuration?: JsonObject;
}

/** The URL itself, the name of an environment variable that holds it, or its parts. */
export type DatabaseUrl =
  | string
  | { readonly from_env: string }
  | { readonly connection_parameters: JsonObject }
  | { readonly dynamic_from_file: string };

export interface PoolSettings {
  readonly max_connections?: number;
  readonly total_max_connections?: number;
  readonly idle_timeout?: number;
  readonly retries?: number;
  readonly pool_timeout?: number;
  readonly connection_lifetime?: number;
}

export interface SourceCustomization {
  readonly root_fields?: { readonly namespace?: string; readonly prefix?: string; readonly suffix?: string };
  readonly type_names?: { readonly prefix?: string; readonly suffix?: string };
  readonly naming_convention?: NamingConvention;
}

export type NamingConvention = 'hasura-default' | 'graphql-default';

export interface TableMetadata {
  readonly table: QualifiedTable;
  readonly is_enum?: boolean;
  readonly configuration?: TableConfiguration;
  readonly object_relationships?: readonly ObjectRelationship[];
  readonly array_relationships?: readonly ArrayRelationship[];
  readonly computed_fields?: readonly ComputedFieldMetadata[];
  readonly remote_relationships?: readonly RemoteRelationship[];
  readonly insert_permissions?: readonly Permission<InsertPermission>[];
  readonly select_permissions?: readonly Permission<SelectPermission>[];
  readonly update_permissions?: readonly Permission<UpdatePermission>[];
  readonly delete_permissions?: readonly Permission<DeletePermission>[];
  readonly event_triggers?: readonly EventTrigger[];
  readonly apollo_federation_config?: { readonly enable: 'v1' };
  readonly logical_model?: string;
}

export interface TableConfiguration {
  readonly custom_name?: string;
  readonly custom_root_fields?: Readonly<Partial<Record<RootFieldKind, CustomRootField>>>;
  /** The older form of `column_config`. */
  readonly custom_column_names?: Readonly<Record<string, string>>;
  readonly column_config?: Readonly<Record<string, ColumnConfig>>;
  readonly comment?: string | null;
}

export type RootFieldKind =
  | 'select'
  | 'select_by_pk'
  | 'select_aggregate'
  | 'select_stream'
  | 'insert'
  | 'insert_one'
  | 'update'
  | 'update_by_pk'
  | 'update_many'
  | 'delete'
  | 'delete_by_pk';

export type CustomRootField =
  | string
  | null
  | { readonly name?: string | null; readonly comment?: string | null };

export interface ColumnConfig {
  readonly custom_name?: string;
  readonly comment?: string | null;
}

interface RelationshipBase<Using> {
  readonly name: string;
  readonly using: Using;
  readonly comment?: string | null;
}

export type ObjectRelationship = RelationshipBase<ObjectUsing>;
export type ArrayRelationship = RelationshipBase<ArrayUsing>;

/** One column, several, or, where the other side holds the foreign key, its table and columns. */
export type ObjectUsing =
  | { readonly foreign_key_constraint_on: string | readonly string[] | ForeignKeyOn }
  | { readonly manual_configuration: ManualRelationship };
export type ArrayUsing =
  | { readonly foreign_key_constraint_on: ForeignKeyOn }
  | { readonly manual_configuration: ManualRelationship };

export interface ForeignKeyOn {
  readonly table: QualifiedTable;
  readonly column?: string;
  readonly columns?: readonly string[];
}

export interface ManualRelationship {
  readonly remote_table?: QualifiedTable;
  readonly remote_native_query?: string;
  readonly column_mapping: Readonly<Record<string, string>>;
  readonly insertion_order?: 'before_parent' | 'after_parent' | null;
}

export interface ComputedFieldMetadata {
  readonly name: string;
  readonly definition: {
    readonly function: QualifiedFunction;
    readonly table_argument?: string | null;
    readonly session_argument?: string | null;
  };
  readonly comment?: string | null;
}

export interface RemoteRelationship {
  readonly name: string;
  readonly definition?: JsonObject;
  readonly [key: string]: Json | undefined;
}

export interface Permission<Definition> {
  readonly role: string;
  readonly permission: Definition;
  readonly comment?: string | null;
}

/** Column names, or `"*"`. */
export type Columns = readonly string[] | '*';

/** A boolean expression of the metadata: `{"author_id": {"_eq": "X-Hasura-User-Id"}}`. */
export type BoolExpJson = JsonObject;

export interface SelectPermission {
  readonly columns: Columns;
  readonly filter: BoolExpJson;
  readonly limit?: number | null;
  readonly allow_aggregations?: boolean;
  readonly computed_fields?: readonly string[];
  readonly query_root_fields?: readonly string[] | null;
  readonly subscription_root_fields?: readonly string[] | null;
}

export interface InsertPermission {
  readonly check: BoolExpJson;
  readonly set?: JsonObject;
  readonly columns?: Columns;
  readonly backend_only?: boolean;
  readonly validate_input?: JsonObject;
}

export interface UpdatePermission {
  readonly columns: Columns;
  readonly filter: BoolExpJson;
  readonly check?: BoolExpJson | null;
  readonly set?: JsonObject;
  readonly backend_only?: boolean;
  readonly validate_input?: JsonObject;
}

export interface DeletePermission {
  readonly filter: BoolExpJson;
  readonly backend_only?: boolean;
  readonly validate_input?: JsonObject;
}

export interface FunctionMetadata {
  readonly function: QualifiedFunction;
  readonly configuration?: FunctionConfiguration;
  readonly permissions?: readonly { readonly role: string }[];
  readonly comment?: string | null;
}

export interface FunctionConfiguration {
  readonly session_argument?: string | null;
  readonly exposed_as?: 'query' | 'mutation';
  readonly custom_name?: string;
  readonly custom_root_fields?: {
    readonly function?: string | null;
    readonly function_aggregate?: string | null;
  };
  readonly response?: JsonObject;
}

export interface NativeQuery {
  readonly root_field_name: string;
  readonly code: string;
  readonly arguments?: Readonly<
    Record<string, { readonly type: string; readonly nullable?: boolean; readonly description?: string }>
  >;
  /** A logical model's name, or its fields. */
  readonly returns: string | { readonly fields: readonly LogicalModelField[] };
  readonly description?: string | null;
  readonly object_relationships?: readonly ObjectRelationship[];
  readonly array_relationships?: readonly ArrayRelationship[];
  readonly comment?: string | null;
}

export interface LogicalModel {
  readonly name: string;
  readonly fields: readonly LogicalModelField[];
  readonly select_permissions?: readonly Permission<SelectPermission>[];
  readonly description?: string | null;
}

export interface LogicalModelField {
  readonly name: string;
  readonly type: LogicalModelType;
  /** Of the older form, in which the type is a name alone. */
  readonly nullable?: boolean;
  readonly description?: string | null;
}

export type LogicalModelType =
  | string
  | { readonly scalar: string; readonly nullable?: boolean }
  | { readonly logical_model: string; readonly nullable?: boolean }
  | { readonly array: LogicalModelType; readonly nullable?: boolean };

export interface EventTrigger {
  readonly name: string;
  readonly definition: JsonObject;
  readonly [key: string]: Json | undefined;
}

export interface InheritedRole {
  readonly role_name: string;
  readonly role_set: readonly string[];
}

export interface QueryCollection {
  readonly name: string;
  readonly definition: { readonly queries: readonly { readonly name: string; readonly query: string }[] };
  readonly comment?: string | null;
}

export interface AllowlistEntry {
  readonly collection: string;
  readonly scope?: JsonObject;
}

export interface RestEndpoint {
  readonly name: string;
  readonly url: string;
  readonly methods: readonly string[];
  readonly definition: { readonly query: { readonly collection_name: string; readonly query_name: string } };
  readonly comment?: string | null;
}

export interface RemoteSchema {
  readonly name: string;
  readonly definition: JsonObject;
  readonly comment?: string | null;
  readonly permissions?: readonly Json[];
  readonly remote_relationships?: readonly RemoteTypeRelationships[];
}

/** Relationships that begin in one type of a remote schema. */
export interface RemoteTypeRelationships {
  readonly type_name: string;
  readonly relationships: readonly { readonly name: string; readonly definition: JsonObject }[];
}

export interface Action {
  readonly name: string;
  readonly definition: JsonObject;
  readonly permissions?: readonly { readonly role: string }[];
  readonly comment?: string | null;
}

export interface CustomTypes {
  readonly input_objects?: readonly Json[];
  readonly objects?: readonly Json[];
  readonly scalars?: readonly Json[];
  readonly enums?: readonly Json[];
}

export interface CronTrigger {
  readonly name: string;
  readonly webhook: string;
  readonly schedule: string;
  readonly include_in_metadata?: boolean;
  readonly [key: string]: Json | undefined;
}

/** The metadata of a new server: one source of the given URL, without tables. */
export function emptyMetadata(sources: readonly Source[] = []): Metadata {
  return { version: 3, sources };
}

/** Schema and name of a table or function; `public` where none is named. Pure. */
export function qualify(name: QualifiedTable): { readonly schema: string; readonly name: string } {
  return typeof name === 'string'
    ? { schema: 'public', name }
    : { schema: name.schema ?? 'public', name: name.name };
}
