import type { Reference, References } from './references.ts';
import type { Relations } from './relations.ts';
import type { ForeignKey, QualifiedName, Relationship } from './types.ts';
import type { ViewColumns } from './viewColumns.ts';

/** A foreign key between two relations, either of which may be a view that shows the key's columns. */
interface Link {
  /** Positions of relations. */
  readonly source: number;
  readonly target: number;
  readonly constraint: string;
  readonly columns: ForeignKey['columns'];
  readonly isSelf: boolean;
  /** The source's columns are unique, so that there is at most one row on either side. */
  readonly isUnique: boolean;
}

export interface ComputedRow {
  readonly routine: QualifiedName;
  /** Oids. */
  readonly source: number;
  readonly target: number;
  readonly toOne: boolean;
}

export interface RelationshipParts {
  readonly relations: Relations;
  readonly references: References;
  readonly viewColumns: ViewColumns;
  readonly computed: ReadonlyMap<number, readonly ComputedRow[]>;
  /** Whether relationships may lead to this schema. */
  readonly isOffered: (schema: string) => boolean;
}

/**
 * The relationships of one relation, in the reference's order: what its foreign keys and those to it say, also where
 * views show their columns; junctions between the two; and computed ones, which take the place of detected
 * relationships to a relation of the routine's name. Pure but for what `parts` remembers.
 *
 * @see https://docs.postgrest.org/en/stable/references/api/resource_embedding.html
 */
export function findRelationships(position: number, parts: RelationshipParts): readonly Relationship[] {
  const { relations, isOffered } = parts;
  const outgoing = linksFrom(position, parts);
  const incoming = linksTo(position, parts);
  const detected = [
    ...outgoing.map(link => direct(link, relations)),
    ...incoming.map(link => inverse(link, relations)),
    ...(outgoing.length + incoming.length > 0 ? joinJunctions(incoming, parts) : []),
  ];
  const computed = (parts.computed.get(position) ?? []).flatMap(row => {
    const target = relations.position(row.target);
    return target === undefined ? [] : [compute(row, position, target, relations)];
  });
  return [
    ...detected.filter(
      ({ target }) =>
        !computed.some(({ routine }) => routine.schema === target.schema && routine.name === target.name),
    ),
    ...computed,
  ]
    .filter(({ target }) => isOffered(target.schema))
    .sort(compareRelationships);
}

/** Primary key columns in key order; of a view, those of every base relation whose key it shows in full. */
export function findPrimaryKey(
  position: number,
  { relations, viewColumns }: RelationshipParts,
): readonly string[] {
  const keyOf = (relation: number) =>
    relations.body(relation).constraints.find(({ kind }) => kind === 'p')?.columns;
  if (relations.isView(position)) {
    return viewColumns.basesOf(position).flatMap(base => {
      const columns = keyOf(base);
      return columns ? (viewColumns.namings(position, base, columns)[0] ?? []) : [];
    });
  }
  const columns = keyOf(position);
  return columns ? relations.namesOf(position, columns) : [];
}

/** One end of a foreign key: the relation that has it, or a view that shows it, and its columns' names there. */
interface End {
  readonly relation: number;
  readonly columns: readonly string[];
}

/** Links whose source is this relation or, for a view, a foreign key it shows. */
function linksFrom(position: number, parts: RelationshipParts): readonly Link[] {
  return keysAt(position, parts).flatMap(base =>
    parts.references.outgoing(base).flatMap(reference => {
      const sources = endsAt(position, base, reference.columns, parts);
      if (sources.length === 0) return [];
      return link(reference, sources, everyEnd(reference.target, reference.targetColumns, parts));
    }),
  );
}

/** Links whose target is this relation or, for a view, a referred key it shows. */
function linksTo(position: number, parts: RelationshipParts): readonly Link[] {
  return keysAt(position, parts).flatMap(base =>
    parts.references.incoming(base).flatMap(reference => {
      const targets = endsAt(position, base, reference.targetColumns, parts);
      if (targets.length === 0) return [];
      return link(reference, everyEnd(reference.source, reference.columns, parts), targets);
    }),
  );
}

/** The relations whose keys this one has or shows. */
function keysAt(position: number, { relations, viewColumns }: RelationshipParts): readonly number[] {
  return relations.isView(position) ? viewColumns.basesOf(position) : [position];
}

function endsAt(
  relation: number,
  base: number,
  columns: readonly number[],
  parts: RelationshipParts,
): readonly End[] {
  if (relation === base) return [{ relation, columns: parts.relations.namesOf(base, columns) }];
  return parts.viewColumns.namings(relation, base, columns).map(names => ({ relation, columns: names }));
}

/** The base relation itself and every view that shows these columns of it. */
function everyEnd(base: number, columns: readonly number[], parts: RelationshipParts): readonly End[] {
  const ends = [...endsAt(base, base, columns, parts)];
  for (const view of parts.viewColumns.viewsOver(base)) ends.push(...endsAt(view, base, columns, parts));
  return ends;
}

function link(reference: Reference, sources: readonly End[], targets: readonly End[]): readonly Link[] {
  return sources.flatMap(source =>
    targets.map(target => ({
      source: source.relation,
      target: target.relation,
      constraint: reference.name,
      columns: source.columns.map((column, i) => [column, target.columns[i]!] as const),
      isSelf: source.relation === target.relation,
      isUnique: reference.isUnique,
    })),
  );
}

/** Two foreign keys of one relation join their targets when its primary key holds the columns of both. */
function joinJunctions(incoming: readonly Link[], parts: RelationshipParts): readonly Relationship[] {
  const { relations } = parts;
  const joined: Relationship[] = [];
  const known = new Map<number, readonly Link[]>();
  for (const from of incoming) {
    const primaryKey = findPrimaryKey(from.source, parts);
    const isInKey = ({ columns, isUnique }: Link) =>
      !isUnique && columns.every(([column]) => primaryKey.includes(column));
    if (!isInKey(from)) continue;
    let others = known.get(from.source);
    if (!others) {
      others = linksFrom(from.source, parts).filter(isInKey);
      known.set(from.source, others);
    }
    for (const to of others) {
      if (to.constraint === from.constraint) continue;
      joined.push({
        ...ends(from.target, to.target, from.target === to.target, relations),
        kind: 'many-to-many',
        junction: relations.name(from.source),
        sourceKey: { constraint: from.constraint, columns: swap(from.columns) },
        targetKey: { constraint: to.constraint, columns: swap(to.columns) },
      });
    }
  }
  return joined;
}

function direct(link: Link, relations: Relations): Relationship {
  const base = ends(link.source, link.target, link.isSelf, relations);
  const { constraint, columns } = link;
  return link.isUnique
    ? { ...base, kind: 'one-to-one', constraint, columns, isParent: false }
    : { ...base, kind: 'many-to-one', constraint, columns };
}

function inverse(link: Link, relations: Relations): Relationship {
  const base = ends(link.target, link.source, link.isSelf, relations);
  const { constraint } = link;
  const columns = swap(link.columns);
  return link.isUnique
    ? { ...base, kind: 'one-to-one', constraint, columns, isParent: true }
    : { ...base, kind: 'one-to-many', constraint, columns };
}

function compute({ routine, toOne }: ComputedRow, source: number, target: number, relations: Relations) {
  return { ...ends(source, target, source === target, relations), kind: 'computed' as const, routine, toOne };
}

function ends(source: number, target: number, isSelf: boolean, relations: Relations) {
  return {
    source: relations.name(source),
    target: relations.name(target),
    sourceIsView: relations.isView(source),
    targetIsView: relations.isView(target),
    isSelf,
  };
}

function swap(columns: ForeignKey['columns']): ForeignKey['columns'] {
  return columns.map(([a, b]) => [b, a] as const);
}

const KIND_ORDER: Readonly<Record<Relationship['kind'], number>> = {
  'one-to-many': 0,
  'many-to-one': 1,
  'one-to-one': 2,
  'many-to-many': 3,
  computed: 4,
};

/** Computed last, then by target, kind and key: the order in which ambiguous relationships are also listed. */
function compareRelationships(a: Relationship, b: Relationship): number {
  return (
    Number(a.kind === 'computed') - Number(b.kind === 'computed') ||
    compareText(a.target.schema, b.target.schema) ||
    compareText(a.target.name, b.target.name) ||
    Number(a.isSelf) - Number(b.isSelf) ||
    KIND_ORDER[a.kind] - KIND_ORDER[b.kind] ||
    compareText(detailOf(a), detailOf(b))
  );
}

function detailOf(relationship: Relationship): string {
  switch (relationship.kind) {
    case 'computed':
      return `${relationship.routine.schema}\0${relationship.routine.name}`;
    case 'many-to-many': {
      const { junction, sourceKey, targetKey } = relationship;
      const keys = [sourceKey.constraint, targetKey.constraint, ...sourceKey.columns, ...targetKey.columns];
      return `${junction.schema}\0${junction.name}\0${keys.join('\0')}`;
    }
    case 'one-to-one':
      return `${relationship.constraint}\0${relationship.columns.join('\0')}\0${relationship.isParent}`;
    default:
      return `${relationship.constraint}\0${relationship.columns.join('\0')}`;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
