/** What a change of the metadata must not leave behind: parts that cannot be served. */
import { compact } from '../../definition/edit.ts';
import type { Metadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import type { Inconsistency, MetadataObject, Model } from '../../model/types.ts';
import { assertDistinctRoots } from '../../schema/rootConflicts.ts';
import type { Staged } from '../state.ts';

/** As `get_inconsistent_metadata` tells it. Pure. */
export function showInconsistency(inconsistency: Inconsistency): Readonly<Record<string, unknown>> {
  const { object: _, other: _other, ...shown } = inconsistency;
  return compact(shown);
}

/** The parts of the metadata that it is of. Pure. */
export function objectsOf({ object, other }: Inconsistency): readonly MetadataObject[] {
  return [...(object ? [object] : []), ...(other ? [other] : [])];
}

/** What of `after` could be served until now. Pure. */
export function newInconsistencies(before: Model, after: Model): readonly Inconsistency[] {
  const known = new Set(before.inconsistencies.map(keyOf));
  return after.inconsistencies.filter(each => !known.has(keyOf(each)));
}

function keyOf(each: Inconsistency): string {
  const objects = objectsOf(each);
  return JSON.stringify(objects.length > 0 ? objects : [each.name, each.entity]);
}

/** @throws {HasuraError} when the model says that this part of the metadata cannot be served */
export function assertConsistent(model: Model, object: MetadataObject): void {
  const id = JSON.stringify(object);
  const found = model.inconsistencies.find(each => objectsOf(each).some(part => JSON.stringify(part) === id));
  if (!found) return;
  throw new HasuraError('invalid-configuration', found.reason, {
    path: ['args'],
    internal: [showInconsistency(found)],
  });
}

/** @throws {HasuraError} with whatever could be served before, and cannot now */
function assertNothingNew(before: Model, after: Model): void {
  const found = newInconsistencies(before, after);
  if (found.length === 0) return;
  throw new HasuraError('unexpected', 'cannot continue due to new inconsistent metadata', {
    path: ['args'],
    status: 400,
    internal: found.map(showInconsistency),
  });
}

/**
 * Stages metadata in which one part is new or other than before: it has to be served, and all else still has to be.
 * @throws {HasuraError}
 */
export function stageConsistently(staged: Staged, metadata: Metadata, object: MetadataObject | null): void {
  const before = staged.model;
  staged.stage(metadata);
  assertServed(before, staged.model, object);
}

/** @throws {HasuraError} when the part cannot be served, or something can no longer be */
export function assertServed(before: Model, after: Model, object: MetadataObject | null): void {
  if (object) assertConsistent(after, object);
  assertNothingNew(before, after);
  assertDistinctRoots(after);
}
