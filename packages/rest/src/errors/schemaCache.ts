/** What the catalog does not hold, or holds more than once: PGRST2xx, with the reference's hints. */
import { type Catalog, key, type Relationship, type Routine } from '@peakstone/kernel/catalog';
import { closestName, fuzzyMatches } from './fuzzy.ts';
import { RestError } from './restError.ts';

/** Names below this score are no help, and would reveal what the caller may not see. */
const minNameScore = 0.75;

/** A schema of so many tables gives no hint: comparing them all would cost more than the answer. */
const maxTablesForHints = 500;

/** PGRST200: no relationship between two relations. `hint` is what followed `!`. */
export function noRelationship(
  parent: string,
  child: string,
  embedHint: string | null,
  schema: string,
  catalog: Catalog,
): RestError {
  const using = embedHint === null ? '' : `' using the hint '${embedHint}`;
  return new RestError(
    'PGRST200',
    `Could not find a relationship between '${parent}' and '${child}' in the schema cache`,
    {
      details: `Searched for a foreign key relationship between '${parent}' and '${child}${using}' in the schema '${schema}', but no matches were found.`,
      hint: noRelationshipHint(parent, child, schema, catalog),
    },
  );
}

function noRelationshipHint(parent: string, child: string, schema: string, catalog: Catalog): string | null {
  const fromParent = catalog.relationships
    .get(key(schema, parent))
    ?.filter(rel => rel.target.schema === schema);
  if (fromParent && fromParent.length > 0) {
    const near = fuzzyMatches(
      fromParent.map(rel => rel.target.name),
      child,
    ).find(match => match.score < 1);
    return near ? `Perhaps you meant '${near.name}' instead of '${child}'.` : null;
  }
  const parents = function* () {
    for (const rels of catalog.relationships.values()) {
      const first = rels.find(rel => rel.target.schema === schema);
      if (first) yield first.source.name;
    }
  };
  const near = closestName(parents(), parent);
  return near === null ? null : `Perhaps you meant '${near}' instead of '${parent}'.`;
}

/** PGRST201: several relationships fit; the client must choose one. */
export function ambiguousRelationship(
  parent: string,
  child: string,
  relationships: readonly Relationship[],
): RestError {
  const options = relationships.flatMap(rel => {
    const by = relationshipName(rel);
    return by === null ? [] : [`'${rel.target.name}!${by}'`];
  });
  return new RestError(
    'PGRST201',
    `Could not embed because more than one relationship was found for '${parent}' and '${child}'`,
    {
      details: relationships.map(describeRelationship),
      hint: `Try changing '${child}' to one of the following: ${options.join(', ')}. Find the desired relationship in the 'details' key.`,
    },
  );
}

function relationshipName(rel: Relationship): string | null {
  switch (rel.kind) {
    case 'computed':
      return null;
    case 'many-to-many':
      return rel.junction.name;
    default:
      return rel.constraint;
  }
}

/** Keys in the order the reference's encoder gives them: sorted. */
function describeRelationship(rel: Relationship): Record<string, string> {
  const embedding = `${rel.source.name} with ${rel.target.name}`;
  switch (rel.kind) {
    case 'computed':
      return {};
    case 'many-to-many': {
      const source = list(rel.sourceKey.columns.map(([, junction]) => junction));
      const target = list(rel.targetKey.columns.map(([, junction]) => junction));
      return {
        cardinality: rel.kind,
        embedding,
        relationship: `${rel.junction.name} using ${rel.sourceKey.constraint}${source} and ${rel.targetKey.constraint}${target}`,
      };
    }
    default: {
      const source = list(rel.columns.map(([column]) => column));
      const target = list(rel.columns.map(([, column]) => column));
      return {
        cardinality: rel.kind,
        embedding,
        relationship: `${rel.constraint} using ${rel.source.name}${source} and ${rel.target.name}${target}`,
      };
    }
  }
}

const list = (names: readonly string[]): string => `(${names.join(', ')})`;

export interface MissingRoutine {
  readonly schema: string;
  readonly name: string;
  /** Names of the arguments given. */
  readonly argumentKeys: readonly string[];
  /** What a function could have taken the whole body as: `text`, `xml`, `bytea` or `json/jsonb`; null without one. */
  readonly bodyType: string | null;
  /** Every routine of the schema's name, empty when there is none of that name. */
  readonly overloads: readonly Routine[];
}

/** PGRST202: no function of that name takes those arguments. */
export function noRoutine(missing: MissingRoutine, catalog: Catalog): RestError {
  const { schema, name, argumentKeys, bodyType: unnamed } = missing;
  const isUnnamedOnly = unnamed !== null && unnamed !== 'json/jsonb';
  const given = argumentKeys.join(', ');
  const none = ' without parameters';
  const message = isUnnamedOnly ? '' : argumentKeys.length === 0 ? none : `(${given})`;
  const named =
    argumentKeys.length === 0 ? none : ` with parameter${argumentKeys.length > 1 ? 's' : ''} ${given}`;
  const searched = isUnnamedOnly
    ? ` with a single unnamed ${unnamed} parameter`
    : unnamed === null
      ? named
      : `${named} or with a single unnamed ${unnamed} parameter`;
  return new RestError(
    'PGRST202',
    `Could not find the function ${schema}.${name}${message} in the schema cache`,
    {
      details: `Searched for the function ${schema}.${name}${searched}, but no matches were found in the schema cache.`,
      hint: isUnnamedOnly ? null : noRoutineHint(missing, catalog),
    },
  );
}

function noRoutineHint(
  { schema, name, argumentKeys, overloads }: MissingRoutine,
  catalog: Catalog,
): string | null {
  const asText = (keys: readonly string[]): string => list([...keys].sort());
  let found: string | null;
  if (overloads.length === 0) {
    const names = function* () {
      for (const [routine] of catalog.routines.values()) if (routine?.schema === schema) yield routine.name;
    };
    found = closestName(names(), name, minNameScore);
  } else {
    const signatures = overloads.map(routine => asText(routine.parameters.map(parameter => parameter.name)));
    const near = closestName(signatures, asText(argumentKeys));
    found = near === null ? null : name + near;
  }
  return found === null ? null : `Perhaps you meant to call the function ${schema}.${found}`;
}

/** PGRST203: several overloads fit the arguments. */
export const ambiguousRoutine = (routines: readonly Routine[]): RestError => {
  const signatures = routines.map(
    ({ schema, name, parameters }) =>
      `${schema}.${name}(${parameters.map(parameter => `${parameter.name} => ${parameter.type}`).join(', ')})`,
  );
  return new RestError(
    'PGRST203',
    `Could not choose the best candidate function between: ${signatures.join(', ')}`,
    {
      hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
    },
  );
};

/** PGRST204 */
export const columnNotFound = (relation: string, column: string): RestError =>
  new RestError('PGRST204', `Could not find the '${column}' column of '${relation}' in the schema cache`);

/** PGRST205. A partition is no table of the API, so it is no suggestion either. */
export function tableNotFound(schema: string, name: string, catalog: Catalog): RestError {
  const inSchema = key(schema, '');
  const keys = [...catalog.tables.keys()].filter(each => each.startsWith(inSchema));
  const names = keys.length < maxTablesForHints ? keys.map(each => each.slice(inSchema.length)) : [];
  const near = closestName(
    names.filter(each => !catalog.tables.get(key(schema, each))?.isPartition),
    name,
    minNameScore,
  );
  return new RestError('PGRST205', `Could not find the table '${schema}.${name}' in the schema cache`, {
    hint: near === null ? null : `Perhaps you meant the table '${schema}.${near}'`,
  });
}
