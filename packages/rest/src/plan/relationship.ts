/**
 * Which relationship an embed means.
 * @see https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#foreign-key-joins-on-multiple-foreign-key-relationships
 */
import { type Catalog, key, type Relationship } from '@peakstone/kernel/catalog';
import { schemaCacheErrors } from '../errors.ts';

export const isToOne = (relationship: Relationship): boolean =>
  relationship.kind === 'many-to-one' ||
  relationship.kind === 'one-to-one' ||
  (relationship.kind === 'computed' && relationship.toOne);

/** The single column on the source's side, when the key has one column. */
function sourceColumn(rel: Relationship): string | null {
  if (rel.kind === 'many-to-many' || rel.kind === 'computed' || rel.columns.length !== 1) return null;
  return rel.columns[0]?.[0] ?? null;
}

function targetColumn(rel: Relationship): string | null {
  if (rel.kind === 'many-to-many' || rel.kind === 'computed' || rel.columns.length !== 1) return null;
  return rel.columns[0]?.[1] ?? null;
}

function constraintOf(rel: Relationship): string | null {
  return rel.kind === 'many-to-many' || rel.kind === 'computed' ? null : rel.constraint;
}

function matches(rel: Relationship, target: string, hint: string | null): boolean {
  if (rel.kind === 'computed') return target === rel.routine.name;
  const byName = target === rel.target.name;
  if (rel.isSelf) {
    // One foreign key gives two relationships: the table's name means the many, the column's name the one.
    if (hint !== null) return byName && rel.kind === 'one-to-many' && targetColumn(rel) === hint;
    return (
      (byName && rel.kind === 'one-to-many') || (rel.kind === 'many-to-one' && sourceColumn(rel) === target)
    );
  }
  if (hint === null) {
    if (byName) return true;
    return !rel.targetIsView && (constraintOf(rel) === target || sourceColumn(rel) === target);
  }
  if (!byName) return false;
  if (rel.kind === 'many-to-many') return rel.junction.name === hint;
  return constraintOf(rel) === hint || sourceColumn(rel) === hint || targetColumn(rel) === hint;
}

/** Junction and target must be reachable by the API. */
function isExposed(rel: Relationship, schema: string, exposed: readonly string[]): boolean {
  if (rel.kind === 'computed') return rel.target.schema === schema || exposed.includes(rel.target.schema);
  if (rel.target.schema !== schema) return false;
  return rel.kind !== 'many-to-many' || exposed.includes(rel.junction.schema);
}

/**
 * Finds the relationship from `origin` that `target` and `hint` name. Pure.
 * @throws {RestError} PGRST200 when there is none, PGRST201 when there are several.
 */
export function findRelationship(
  catalog: Catalog,
  exposed: readonly string[],
  schema: string,
  origin: string,
  target: string,
  hint: string | null,
): Relationship {
  const candidates = catalog.relationships.get(key(schema, origin)) ?? [];
  let found = candidates.filter(rel => matches(rel, target, hint) && isExposed(rel, schema, exposed));
  if (found.length > 1) {
    // A computed relationship overrides the detected ones of its name.
    const computed = found.filter(rel => rel.kind === 'computed');
    if (computed.length > 0) {
      found = found.filter(
        rel => rel.kind === 'computed' || rel.target.name !== target || rel.target.schema !== schema,
      );
    }
  }
  const [first] = found;
  if (!first) throw schemaCacheErrors.noRelationship(origin, target, hint, schema, catalog);
  if (found.length > 1) throw schemaCacheErrors.ambiguousRelationship(origin, target, found);
  return first;
}
