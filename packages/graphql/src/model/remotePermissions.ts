/** Which part of a remote schema is whose. Pure. */
import type { RemoteSchemaConf } from '../definition/remoteSchemas.ts';
import { HasuraError } from '../errors.ts';
import { documentKey, readRoleDocument } from '../remote/roleDocument.ts';
import type { RemoteDocument } from '../remote/types.ts';
import type { Inconsistency, Model, RemoteSchemaModel } from './types.ts';

/** By role; what is wrong is left out and told. */
export function readRemotePermissions(
  { name, permissions = [] }: RemoteSchemaConf,
  document: RemoteDocument,
  inconsistencies: Inconsistency[],
): ReadonlyMap<string, RemoteDocument> {
  const roles = new Map<string, RemoteDocument>();
  for (const permission of permissions) {
    const { role, definition } = permission;
    try {
      roles.set(role, readRoleDocument(definition.schema, document));
    } catch (error) {
      if (!(error instanceof HasuraError)) throw error;
      inconsistencies.push({
        type: 'remote_schema_permission',
        name: `remote schema permission ${role} in remote schema ${name}`,
        reason: `Inconsistent object: in remote schema permission for role "${role}": ${error.message}`,
        definition: permission,
        object: { kind: 'remoteSchemaPermission', schema: name, role },
      });
    }
  }
  return roles;
}

/** His own, or what all of the roles that his is made of agree on. Null where there is none. */
export function remoteDocumentOf(
  schema: RemoteSchemaModel,
  role: string,
  inherited: Model['inheritedRoles'],
): RemoteDocument | null {
  const documents = documentsOf(schema, role, inherited, new Set());
  return new Set(documents.map(documentKey)).size === 1 ? documents[0]! : null;
}

function documentsOf(
  schema: RemoteSchemaModel,
  role: string,
  inherited: Model['inheritedRoles'],
  outer: ReadonlySet<string>,
): readonly RemoteDocument[] {
  const own = schema.roles.get(role);
  if (own) return [own];
  if (outer.has(role)) return [];
  const inside = new Set([...outer, role]);
  return (inherited.get(role) ?? []).flatMap(parent => documentsOf(schema, parent, inherited, inside));
}

/** Roles whose parents disagree about what of a remote schema is theirs. */
export function checkRemoteInheritance(model: Model, inconsistencies: Inconsistency[]): void {
  for (const role of model.inheritedRoles.keys())
    for (const schema of model.remoteSchemas.values()) {
      const documents = documentsOf(schema, role, model.inheritedRoles, new Set());
      if (new Set(documents.map(documentKey)).size < 2) continue;
      const { name } = schema.conf;
      inconsistencies.push({
        type: 'inherited role permission inconsistency',
        name: role,
        reason: `Could not inherit permission for the role '${role}' for the entity: 'remote schema: '${name}''`,
        entity: { remote_schema: name },
        object: null,
      });
    }
}
