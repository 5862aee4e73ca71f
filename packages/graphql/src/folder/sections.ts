/** Which file of a metadata folder holds what, and what stands in it when there is nothing. */
import type { Metadata } from '../definition/metadata.ts';

export type Section = Exclude<keyof Metadata, 'version' | 'sources' | 'actions' | 'custom_types'>;

export const sections: readonly (readonly [section: Section, file: string, empty: unknown])[] = [
  ['allowlist', 'allow_list.yaml', []],
  ['api_limits', 'api_limits.yaml', {}],
  ['backend_configs', 'backend_configs.yaml', {}],
  ['cron_triggers', 'cron_triggers.yaml', []],
  ['graphql_schema_introspection', 'graphql_schema_introspection.yaml', { disabled_for_roles: [] }],
  ['inherited_roles', 'inherited_roles.yaml', []],
  ['metrics_config', 'metrics_config.yaml', {}],
  ['network', 'network.yaml', {}],
  ['opentelemetry', 'opentelemetry.yaml', {}],
  ['query_collections', 'query_collections.yaml', []],
  ['remote_schemas', 'remote_schemas.yaml', []],
  ['rest_endpoints', 'rest_endpoints.yaml', []],
];

/** What is wrong with a folder: a line that names the file. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
}
