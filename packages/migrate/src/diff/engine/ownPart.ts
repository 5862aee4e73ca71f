/** Which of what the library reads is the application's. Pure. */
import type { Fact, FactBase, StableId } from '@supabase/pg-delta';
import type { Scope } from './types.ts';

type Edges = FactBase['edges'][number][];

export interface OwnPart {
  readonly facts: Fact[];
  readonly edges: Edges;
  /** Somebody else's that are there for what hangs on them: neither made nor changed. */
  readonly references: ReadonlySet<string>;
}

type Encode = (id: StableId) => string;

/** What hangs on a table of somebody else's is the application's all the same; the second kind needs rights on its schema. */
const ON_SHARED = ['trigger', 'policy', 'rule', 'publicationRel'];
const ON_OPEN = ['index', 'constraint'];

/**
 * Without what is not ours to compare: roles and memberships are the cluster's, ignored schemas somebody else's, the members of an
 * extension its own, and a subscription holds an address and a password, which are no migration's.
 */
export function ownPart(every: FactBase, scope: Scope, encodeId: Encode): OwnPart {
  const encode = encodeOnce(encodeId);
  const [implied] = scope.impliedOwners;
  const all =
    implied === undefined
      ? { facts: every.facts(), edges: [...every.edges] }
      : ownedByOne(every, implied, scope.impliedOwners, encode);
  const shared = new Set(scope.sharedTables);
  const open = new Set(scope.openTables);
  const hangsOn = (id: StableId, table: string) =>
    (ON_SHARED.includes(id.kind) && shared.has(table)) || (ON_OPEN.includes(id.kind) && open.has(table));
  const members = new Set(
    all.edges.flatMap(({ kind, from }) => (kind === 'memberOfExtension' ? [encode(from)] : [])),
  );
  const references = new Set<string>();
  const isReference = ({ id, parent }: Fact): boolean => {
    if (id.kind === 'schema') return scope.ignoredSchemas.includes(id.name);
    const table = id.kind === 'column' ? parent : id;
    return table?.kind === 'table' && shared.has(`${table.schema}.${table.name}`);
  };
  const isLeft = (id: StableId, parent: StableId | undefined): boolean => {
    if (references.has(encode(id))) return false;
    if (id.kind === 'role' || id.kind === 'membership' || id.kind === 'subscription') return true;
    if (id.kind === 'defaultPrivilege' && id.role !== implied && scope.impliedOwners.includes(id.role))
      return true;
    if ('target' in id) return isOthers(id.target) || members.has(encode(id.target));
    if ('schema' in id && id.schema !== null && scope.ignoredSchemas.includes(id.schema))
      return !hangsOn(id, tableOf(id, parent));
    const table = 'table' in id ? id.table : id.kind === 'table' || id.kind === 'index' ? id.name : undefined;
    return table !== undefined && scope.ignoredTables.includes(table);
  };
  const parents = new Map(all.facts.map(({ id, parent }) => [encode(id), parent]));
  // Of a schema that is somebody else's the comment and the grants are, too.
  const isOthers = (id: StableId): boolean =>
    id.kind === 'schema' ? scope.ignoredSchemas.includes(id.name) : isLeft(id, parents.get(encode(id)));
  for (const fact of all.facts) if (isReference(fact)) references.add(encode(fact.id));
  const left = new Set<string>();
  for (const fact of all.facts)
    if (isLeft(fact.id, fact.parent) || isDomainNotNull(fact)) left.add(encode(fact.id));
  // An event trigger is whose its function is.
  for (const { from, to } of all.edges)
    if (from.kind === 'eventTrigger' && left.has(encode(to)) && to.kind === 'function')
      left.add(encode(from));
  const facts = all.facts.filter(({ id, parent }) => {
    const gone = left.has(encode(id)) || (parent !== undefined && left.has(encode(parent)));
    if (gone) left.add(encode(id));
    return !gone;
  });
  const edges = all.edges.filter(({ from, to, kind }) => {
    if (left.has(encode(from))) return false;
    if (kind === 'owner' && to.kind === 'role') return !references.has(encode(from));
    return !left.has(encode(to));
  });
  return { facts: withoutOrphans(facts, encode), edges, references };
}

/** NOT NULL of a domain, since PostgreSQL 17 a constraint as well: the library would say it twice, which is refused. */
function isDomainNotNull({ id, parent, payload }: Fact): boolean {
  return id.kind === 'constraint' && parent?.kind === 'domain' && payload.type === 'n';
}

/** Each is asked for several times, and takes longer than all else here. */
function encodeOnce(encode: Encode): Encode {
  const known = new Map<StableId, string>();
  return id => {
    const found = known.get(id) ?? encode(id);
    known.set(id, found);
    return found;
  };
}

/** `schema.name` of the table that something hangs on. */
function tableOf(id: StableId, parent: StableId | undefined): string {
  if ('schema' in id && 'table' in id) return `${id.schema}.${id.table}`;
  return parent?.kind === 'table' ? `${parent.schema}.${parent.name}` : '';
}

/** What any of the implied owners has is the first one's, with an owner's rights; what they have besides is left out. */
function ownedByOne(
  all: FactBase,
  owner: string,
  others: readonly string[],
  encode: Encode,
): { facts: Fact[]; edges: Edges } {
  const owners = new Map<string, string>();
  const edges = all.edges.map(edge => {
    if (edge.kind !== 'owner' || edge.to.kind !== 'role') return edge;
    owners.set(encode(edge.from), edge.to.name);
    return others.includes(edge.to.name) ? { ...edge, to: { ...edge.to, name: owner } } : edge;
  });
  const facts = all.facts().flatMap((fact): Fact[] => {
    const { id } = fact;
    if (id.kind !== 'acl' || !others.includes(id.grantee)) return [fact];
    return owners.get(encode(id.target)) === id.grantee ? [{ ...fact, id: { ...id, grantee: owner } }] : [];
  });
  return { facts, edges };
}

/** Facts whose parent was left out go, too, however deep. */
function withoutOrphans(facts: Fact[], encode: Encode): Fact[] {
  const here = new Set(facts.map(({ id }) => encode(id)));
  const kept = facts.filter(({ parent }) => parent === undefined || here.has(encode(parent)));
  return kept.length === facts.length ? kept : withoutOrphans(kept, encode);
}
