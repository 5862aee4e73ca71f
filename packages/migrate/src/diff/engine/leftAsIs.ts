/** Types in use that the library refuses to plan a change of: left as they are, so that the rest is planned. Pure. */
import type { Fact, FactBase, StableId } from '@supabase/pg-delta';

const REFUSED = /^(?:domain|composite type|range type|enum) ("(?:[^"]|"")+")\.("(?:[^"]|"")+"): cannot /;

/** A type. */
export interface TypeName {
  readonly schema: string;
  readonly name: string;
}

/** The type whose change the library has refused; undefined of any other error. */
export function refusedType(error: unknown): TypeName | undefined {
  const [, schema, name] = REFUSED.exec(error instanceof Error ? error.message : '') ?? [];
  return schema === undefined || name === undefined
    ? undefined
    : { schema: unquoted(schema), name: unquoted(name) };
}

function unquoted(identifier: string): string {
  return identifier.slice(1, -1).replaceAll('""', '"');
}

/** What is wanted, but for a type, which is what it is. */
export function leaveType(
  type: TypeName,
  wanted: FactBase,
  now: FactBase,
  encode: (id: StableId) => string,
): { readonly facts: Fact[]; readonly edges: FactBase['edges'][number][] } {
  const [should, is] = [wanted, now].map(all => partsOf(type, all.facts(), encode));
  return {
    facts: [
      ...wanted.facts().filter(({ id }) => !should!.has(encode(id))),
      ...now.facts().filter(({ id }) => is!.has(encode(id))),
    ],
    edges: [
      ...wanted.edges.filter(({ from }) => !should!.has(encode(from))),
      ...now.edges.filter(({ from }) => is!.has(encode(from))),
    ],
  };
}

/** The type, its attributes and constraints, and what is said of those. */
function partsOf(
  { schema, name }: TypeName,
  facts: readonly Fact[],
  encode: (id: StableId) => string,
): ReadonlySet<string> {
  const isType = (id: StableId) =>
    (id.kind === 'domain' || id.kind === 'type') && id.schema === schema && id.name === name;
  const found = new Set(facts.flatMap(({ id }) => (isType(id) ? [encode(id)] : [])));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { id, parent } of facts)
      if (parent !== undefined && found.has(encode(parent))) found.add(encode(id));
  }
  return found;
}
