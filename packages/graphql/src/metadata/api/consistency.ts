import { HasuraError } from '../../errors.ts';
import type { MetadataObject, Model } from '../../model/types.ts';

/** @throws {HasuraError} when the model says that this part of the metadata cannot be served */
export function assertConsistent(model: Model, object: MetadataObject): void {
  const id = JSON.stringify(object);
  const found = model.inconsistencies.find(each => JSON.stringify(each.object) === id);
  if (!found) return;
  throw new HasuraError('invalid-configuration', found.reason, {
    path: ['args'],
    internal: [{ definition: found.definition, name: found.name, reason: found.reason, type: found.type }],
  });
}
