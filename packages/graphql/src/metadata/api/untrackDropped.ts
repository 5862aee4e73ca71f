/** What a script has dropped is no longer tracked, and neither is what leads to it. Pure. */
import { compact, withSource } from '../../definition/edit.ts';
import {
  type ArrayRelationship,
  type Metadata,
  type ObjectRelationship,
  qualify,
  type TableMetadata,
} from '../../definition/metadata.ts';
import type { MetadataObject, Model } from '../../model/types.ts';
import { showTable } from '../../model/types.ts';

/** `after` is the model of the same metadata against the database as it is now; `before` says what was served until then. */
export function untrackDropped(metadata: Metadata, source: string, before: Model, after: Model): Metadata {
  const wasWrong = new Set(before.inconsistencies.map(({ object }) => JSON.stringify(object)));
  const gone = after.inconsistencies
    .map(({ object }) => object)
    .filter(object => !wasWrong.has(JSON.stringify(object)));
  if (gone.length === 0) return metadata;
  const tables = new Set(
    gone.flatMap(object =>
      object.kind === 'table' && object.source === source ? [showTable(object.table)] : [],
    ),
  );
  const functions = new Set(
    gone.flatMap(object =>
      object.kind === 'function' && object.source === source ? [showTable(object.function)] : [],
    ),
  );
  const members = new Set(gone.flatMap(memberKey));
  return withSource(metadata, source, each => {
    const kept = each.tables.filter(({ table }) => !tables.has(showTable(qualify(table))));
    const rest = (each.functions ?? []).filter(fn => !functions.has(showTable(qualify(fn.function))));
    return compact({
      ...each,
      tables: kept.map(table => withoutMembers(table, members)),
      functions: each.functions && (rest.length > 0 ? rest : undefined),
    } as typeof each);
  });
}

function memberKey(object: MetadataObject): string[] {
  return object.kind === 'relationship' || object.kind === 'computedField'
    ? [`${object.kind} ${showTable(object.table)} ${object.name}`]
    : [];
}

function withoutMembers(table: TableMetadata, gone: ReadonlySet<string>): TableMetadata {
  const name = showTable(qualify(table.table));
  const keep = <T extends { readonly name: string }>(
    list: readonly T[] | undefined,
    kind: string,
  ): readonly T[] | undefined => {
    const rest = list?.filter(each => !gone.has(`${kind} ${name} ${each.name}`));
    return rest && rest.length > 0 ? rest : undefined;
  };
  return compact({
    ...table,
    object_relationships: keep<ObjectRelationship>(table.object_relationships, 'relationship'),
    array_relationships: keep<ArrayRelationship>(table.array_relationships, 'relationship'),
    computed_fields: keep(table.computed_fields, 'computedField'),
  } as TableMetadata);
}
