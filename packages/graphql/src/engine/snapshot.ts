/** All that requests of one moment are answered by: the model, and what has been made of it so far. Replaced whole on each change. */

import { BoundedCache } from '@peakstone/kernel/boundedCache';
import { adminRole } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import type { RoleView } from '../model/permissions.ts';
import type { Model } from '../model/types.ts';
import { buildRoleSchema } from '../schema/build.ts';
import type { SchemaOptions } from '../schema/context.ts';
import type { RoleSchema } from '../schema/types.ts';
import { type Allowlist, createAllowlist } from './allowlist.ts';
import { createMemo, type Memo } from './memo.ts';

export interface Snapshot {
  readonly model: Model;
  /** The reference's resource version of the metadata. */
  readonly version: number;
  readonly memo: Memo;
  readonly allowlist: Allowlist;
  /** The schema of a role, made when it is first asked for. @throws {HasuraError} for a role that there is not */
  role(role: string, isBackend: boolean, kind: 'standard' | 'relay'): Promise<SchemaOfRole>;
  /** Has a role's schema made anew, as what the role may do seems to be another by now; at most once a second. */
  forget(role: string): void;
}

export interface SchemaOfRole {
  readonly view: RoleView;
  readonly schema: RoleSchema;
}

/** Roles whose schemas are kept; the least used go first. */
const maxRoles = 1000;
const forgetEveryMs = 1000;

export function createSnapshot(
  model: Model,
  version: number,
  config: GraphqlConfig,
  viewOf: ViewOf,
): Snapshot {
  const roles = new BoundedCache<Promise<SchemaOfRole>>({
    maxEntries: maxRoles,
    maxBytes: Number.MAX_SAFE_INTEGER,
  });
  const keyOf = (role: string, isBackend: boolean, kind: 'standard' | 'relay'): string =>
    `${kind} ${isBackend ? 'backend' : ''} ${role}`;
  const forgotten = new BoundedCache<number>({ maxEntries: maxRoles, maxBytes: Number.MAX_SAFE_INTEGER });
  const memo = createMemo();
  return {
    model,
    version,
    memo,
    allowlist: createAllowlist(model.metadata),
    role(role, isBackend, kind) {
      const key = keyOf(role, isBackend, kind);
      let found = roles.get(key);
      if (!found) {
        found = makeRole(role, isBackend, kind);
        roles.set(key, found, 1);
        // What has failed may succeed next time: a role can be made meanwhile.
        found.catch(() => roles.delete(key));
      }
      return found;
    },
    forget(role) {
      if (performance.now() - (forgotten.get(role) ?? Number.NEGATIVE_INFINITY) < forgetEveryMs) return;
      forgotten.set(role, performance.now(), 1);
      for (const kind of ['standard', 'relay'] as const)
        for (const isBackend of [false, true]) roles.delete(keyOf(role, isBackend, kind));
      memo.clear();
    },
  };

  async function makeRole(
    role: string,
    isBackend: boolean,
    kind: 'standard' | 'relay',
  ): Promise<SchemaOfRole> {
    const view = await viewOf(model, role);
    const options: SchemaOptions = {
      booleanNullCollapse: config.booleanNullCollapse,
      stringifyNumericTypes: config.stringifyNumericTypes,
      arraysAsScalars: config.experimentalFeatures.has('disable_postgres_arrays'),
      isBackend: isBackend || role === adminRole,
      kind,
      beyond: config.experimentalFeatures,
      seesRemoteSchemas: role === adminRole || !config.enableRemoteSchemaPermissions,
    };
    return { view, schema: buildRoleSchema(model, view, options) };
  }
}

/** How a role's permissions are found: in the metadata, or by the database's own privileges. */
export type ViewOf = (model: Model, role: string) => RoleView | Promise<RoleView>;
