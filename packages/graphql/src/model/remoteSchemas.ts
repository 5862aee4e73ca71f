/** Remote schemas under the names that the metadata gives their types and fields. Pure. */

import type { Metadata } from '../definition/metadata.ts';
import type { RemoteSchemaConf } from '../definition/remoteSchemas.ts';
import { HasuraError } from '../errors.ts';
import { createNames } from '../remote/customize.ts';
import type { RemoteResult } from '../remote/types.ts';
import { readRemotePermissions } from './remotePermissions.ts';
import type { Inconsistency, RemoteSchemaModel } from './types.ts';

export function buildRemoteSchemas(
  metadata: Metadata,
  results: ReadonlyMap<string, RemoteResult>,
  inconsistencies: Inconsistency[],
): ReadonlyMap<string, RemoteSchemaModel> {
  const schemas = new Map<string, RemoteSchemaModel>();
  for (const conf of (metadata.remote_schemas ?? []) as unknown as readonly RemoteSchemaConf[]) {
    try {
      const document = results.get(conf.name) ?? { failure: 'not connected' };
      if ('failure' in document) throw new HasuraError('remote-schema-error', document.failure);
      schemas.set(conf.name, {
        conf,
        document,
        names: createNames(document, conf.definition.customization),
        roles: readRemotePermissions(conf, document, inconsistencies),
      });
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      inconsistencies.push({
        type: 'remote_schema',
        name: `remote_schema ${conf.name}`,
        reason: `Inconsistent object: ${error.message}`,
        definition: { ...conf, comment: conf.comment ?? null },
        object: { kind: 'other', section: 'remote_schemas', name: conf.name },
      });
    }
  }
  return schemas;
}
