/** Actions and their types, as the metadata has them. @see https://hasura.io/docs/2.0/api-reference/metadata-api/actions/ */
import type { QualifiedTable } from './metadata.ts';
import type { HeaderConf, RequestTransform, ResponseTransform } from './webhook.ts';

export interface ActionConf {
  readonly name: string;
  readonly definition: ActionDefinition;
  readonly permissions?: readonly { readonly role: string }[];
  readonly comment?: string | null;
}

export interface ActionDefinition {
  readonly type?: 'query' | 'mutation';
  readonly kind?: 'synchronous' | 'asynchronous';
  readonly handler: string;
  readonly output_type: string;
  readonly arguments?:
    | readonly {
        readonly name: string;
        readonly type: string;
        readonly description?: string | null;
      }[]
    | null;
  readonly headers?: readonly HeaderConf[];
  readonly forward_client_headers?: boolean;
  readonly ignored_client_headers?: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
  readonly request_transform?: RequestTransform;
  readonly response_transform?: ResponseTransform;
}

export interface CustomTypesConf {
  readonly input_objects?: readonly InputObjectConf[];
  readonly objects?: readonly ObjectConf[];
  readonly scalars?: readonly NamedConf[];
  readonly enums?: readonly EnumConf[];
}

interface NamedConf {
  readonly name: string;
  readonly description?: string | null;
}

interface FieldConf extends NamedConf {
  readonly type: string;
}

interface InputObjectConf extends NamedConf {
  readonly fields: readonly FieldConf[];
}

export interface ObjectConf extends NamedConf {
  readonly fields: readonly FieldConf[];
  readonly relationships?: readonly ObjectRelationshipConf[];
}

export interface ObjectRelationshipConf {
  readonly name: string;
  readonly type: 'object' | 'array';
  readonly remote_table: QualifiedTable;
  readonly source?: string;
  readonly field_mapping: Readonly<Record<string, string>>;
}

interface EnumConf extends NamedConf {
  readonly values: readonly { readonly value: string; readonly description?: string | null }[];
}

export const defaultTimeoutSeconds = 30;
