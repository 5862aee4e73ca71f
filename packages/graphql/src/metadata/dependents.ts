/**
 * What depends on a part of the metadata: whatever cannot be served any more without it. Found by leaving it out and
 * looking, so that every kind of reference counts, those of conditions in permissions among them.
 */
import type { Metadata } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { type MetadataObject, type Model, showTable } from '../model/types.ts';
import { newInconsistencies, objectsOf } from './api/consistency.ts';
import { withoutObject } from './purge.ts';
import type { Staged } from './state.ts';

export interface DropOptions {
  /** What depends on it goes as well. */
  readonly cascade: boolean;
}

/**
 * Stages metadata from which a part was taken.
 * @throws {HasuraError} dependency-error with what depends on it, unless that may go, too
 */
export function stageWithout(staged: Staged, metadata: Metadata, { cascade }: DropOptions): void {
  const before = staged.model;
  const after = staged.stage(metadata);
  const dependents = dependentsOf(before, after);
  if (dependents.length === 0) return;
  if (!cascade) throw dependencyError(dependents);
  dropAll(staged, before, dependents);
}

/** Takes parts away, and what can no longer be served without them. */
export function dropAll(staged: Staged, before: Model, objects: readonly MetadataObject[]): void {
  let gone = objects;
  while (gone.length > 0) {
    const model = staged.stage([...gone].reverse().reduce(withoutObject, staged.metadata));
    gone = dependentsOf(before, model);
  }
}

/** Parts that could be served before, and cannot now. Pure. */
export function dependentsOf(before: Model, after: Model): readonly MetadataObject[] {
  return newInconsistencies(before, after).flatMap(objectsOf);
}

/** In the reference's words. Pure. */
export function dependencyError(objects: readonly MetadataObject[]): HasuraError {
  return new HasuraError(
    'dependency-error',
    `cannot drop due to the following dependent objects: ${objects.map(describeObject).sort().join(', ')}`,
    { path: ['args'] },
  );
}

/** @example describeObject({kind: 'relationship', …}) // relationship article.author in source "default" */
export function describeObject(object: MetadataObject): string {
  switch (object.kind) {
    case 'source':
      return `source ${object.source}`;
    case 'table':
      return `table ${showTable(object.table)} in source "${object.source}"`;
    case 'relationship':
      return `relationship ${showTable(object.table)}.${object.name} in source "${object.source}"`;
    case 'computedField':
      return `computed field ${showTable(object.table)}.${object.name} in source "${object.source}"`;
    case 'permission':
      return `permission ${showTable(object.table)}.${object.role}.${object.permission} in source "${object.source}"`;
    case 'eventTrigger':
      return `event trigger ${showTable(object.table)}.${object.name} in source "${object.source}"`;
    case 'remoteRelationship':
      return `remote relationship ${showTable(object.table)}.${object.name} in source "${object.source}"`;
    case 'remoteTypeRelationship':
      return `remote relationship ${object.name} on type ${object.type} in remote schema ${object.schema}`;
    case 'function':
      return `function ${showTable(object.function)} in source "${object.source}"`;
    case 'nativeQuery':
      return `native query ${object.name} in source "${object.source}"`;
    case 'remoteSchemaPermission':
      return `remote schema permission ${object.schema}.${object.role}`;
    case 'other':
      return `${object.section} ${object.name}`;
  }
}
