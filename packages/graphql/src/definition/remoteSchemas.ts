/** Remote schemas, as the metadata has them. @see https://hasura.io/docs/2.0/api-reference/metadata-api/remote-schemas/ */
import type { HeaderConf } from './webhook.ts';

export interface RemoteSchemaConf {
  readonly name: string;
  readonly definition: RemoteSchemaDefinition;
  readonly comment?: string | null;
  readonly permissions?: readonly RemoteSchemaPermission[];
}

export interface RemoteSchemaPermission {
  readonly role: string;
  /** What of the schema is the role's, in GraphQL's own language. */
  readonly definition: { readonly schema: string };
  readonly comment?: string | null;
}

export interface RemoteSchemaDefinition {
  readonly url?: string;
  readonly url_from_env?: string;
  readonly headers?: readonly HeaderConf[] | null;
  readonly forward_client_headers?: boolean;
  readonly timeout_seconds?: number | null;
  readonly customization?: RemoteCustomization | null;
}

export interface RemoteCustomization {
  readonly root_fields_namespace?: string | null;
  readonly type_names?: Affixes | null;
  readonly field_names?: readonly (Affixes & { readonly parent_type: string })[] | null;
}

interface Affixes {
  readonly prefix?: string | null;
  readonly suffix?: string | null;
  readonly mapping?: Readonly<Record<string, string>> | null;
}

export const defaultRemoteTimeoutSeconds = 60;
