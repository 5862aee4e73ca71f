/** What the catalog does not hold, or holds more than once: PGRST2xx, with the reference's hints. */
import { type Catalog, key, type Relationship, type Routine } from '@peakstone/kernel/catalog';
import { fuzzyMatches } from '@peakstone/kernel/fuzzy';
import { type Named, RestError, type Suggestions } from './restError.ts';

/** Names below this score are no help, and would reveal what the caller may not see. */
const minNameScore = 0.75;

/** Names that a hint may choose from where the role may not use the first. */
const maxCandidates = 10;

/** A hint that names the first of the candidates that may be named, and what it says without asking. */
function suggesting(candidates: readonly (Named & { readonly hint: string })[]): {
  readonly hint: string | null;
  readonly suggestions: Suggestions;
} {
  const few = candidates.slice(0, maxCandidates);
  const hintOf = (at: number | undefined): string | null =>
    at === undefined ? null : (few[at]?.hint ?? null);
  return { hint: hintOf(0), suggestions: { candidates: few, tell: ([first]) => ({ hint: hintOf(first) }) } };
}

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
      ...noRelationshipHint(parent, child, schema, catalog),
    },
  );
}

function noRelationshipHint(parent: string, child: string, schema: string, catalog: Catalog) {
  const meant = (name: string, instead: string) => ({
    relations: [{ schema, name }],
    hint: `Perhaps you meant '${name}' instead of '${instead}'.`,
  });
  const fromParent = catalog.relationships
    .get(key(schema, parent))
    ?.filter(rel => rel.target.schema === schema);
  if (fromParent && fromParent.length > 0) {
    const near = fuzzyMatches(
      fromParent.map(rel => rel.target.name),
      child,
    ).filter(match => match.score < 1);
    return suggesting(near.map(match => meant(match.name, child)));
  }
  const parents = function* () {
    for (const rels of catalog.relationships.values()) {
      const first = rels.find(rel => rel.target.schema === schema);
      if (first) yield first.source.name;
    }
  };
  return suggesting(fuzzyMatches(parents(), parent).map(match => meant(match.name, parent)));
}

/** PGRST201: several relationships fit; the client must choose one. */
export function ambiguousRelationship(
  parent: string,
  child: string,
  relationships: readonly Relationship[],
): RestError {
  const tell = (among: readonly Relationship[]): { readonly hint: string; readonly details: unknown } => {
    const options = among.flatMap(rel => {
      const by = relationshipName(rel);
      return by === null ? [] : [`'${rel.target.name}!${by}'`];
    });
    return {
      details: among.map(describeRelationship),
      hint: `Try changing '${child}' to one of the following: ${options.join(', ')}. Find the desired relationship in the 'details' key.`,
    };
  };
  return new RestError(
    'PGRST201',
    `Could not embed because more than one relationship was found for '${parent}' and '${child}'`,
    {
      ...tell(relationships),
      suggestions: {
        candidates: relationships.map(rel => ({
          relations: rel.kind === 'many-to-many' ? [rel.target, rel.junction] : [rel.target],
        })),
        tell: usable => tell(relationships.filter((_rel, i) => usable.includes(i))),
      },
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
      ...(isUnnamedOnly ? {} : noRoutineHint(missing, catalog)),
    },
  );
}

function noRoutineHint({ schema, name, argumentKeys, overloads }: MissingRoutine, catalog: Catalog) {
  const asText = (keys: readonly string[]): string => list([...keys].sort());
  const meant = (found: string, routines: readonly Routine[]) => ({
    routines: routines.map(({ oid }) => oid),
    hint: `Perhaps you meant to call the function ${schema}.${found}`,
  });
  if (overloads.length === 0) {
    const names = function* () {
      for (const [routine] of catalog.routines.values()) if (routine?.schema === schema) yield routine.name;
    };
    const near = fuzzyMatches(names(), name, minNameScore);
    return suggesting(
      near.map(match => meant(match.name, catalog.routines.get(key(schema, match.name)) ?? [])),
    );
  }
  const signatureOf = ({ parameters }: Routine): string =>
    asText(parameters.map(parameter => parameter.name));
  const near = fuzzyMatches(overloads.map(signatureOf), asText(argumentKeys));
  return suggesting(
    near.map(match =>
      meant(
        name + match.name,
        overloads.filter(routine => signatureOf(routine) === match.name),
      ),
    ),
  );
}

/** PGRST203: several overloads fit the arguments. */
export function ambiguousRoutine(routines: readonly Routine[]): RestError {
  const hint =
    'Try renaming the parameters or the function itself in the database so function overloading can be resolved';
  const [{ schema, name } = { schema: '', name: '' }] = routines;
  const tell = (among: readonly Routine[]): string =>
    among.length === 0
      ? `Could not choose the best candidate function ${schema}.${name}`
      : `Could not choose the best candidate function between: ${among.map(signatureWithTypes).join(', ')}`;
  return new RestError('PGRST203', tell(routines), {
    hint,
    suggestions: {
      candidates: routines.map(({ oid }) => ({ routines: [oid] })),
      tell: usable => ({ hint, message: tell(routines.filter((_routine, i) => usable.includes(i))) }),
    },
  });
}

const signatureWithTypes = ({ schema, name, parameters }: Routine): string =>
  `${schema}.${name}(${parameters.map(parameter => `${parameter.name} => ${parameter.type}`).join(', ')})`;

/** PGRST204 */
export const columnNotFound = (relation: string, column: string): RestError =>
  new RestError('PGRST204', `Could not find the '${column}' column of '${relation}' in the schema cache`);

/** PGRST205. A partition is no table of the API, so it is no suggestion either. */
export function tableNotFound(schema: string, name: string, catalog: Catalog): RestError {
  const inSchema = key(schema, '');
  const keys = [...catalog.tables.keys()].filter(each => each.startsWith(inSchema));
  const names = keys.length < maxTablesForHints ? keys.map(each => each.slice(inSchema.length)) : [];
  const near = fuzzyMatches(
    names.filter(each => !catalog.tables.get(key(schema, each))?.isPartition),
    name,
    minNameScore,
  );
  return new RestError('PGRST205', `Could not find the table '${schema}.${name}' in the schema cache`, {
    ...suggesting(
      near.map(match => ({
        relations: [{ schema, name: match.name }],
        hint: `Perhaps you meant the table '${schema}.${match.name}'`,
      })),
    ),
  });
}
