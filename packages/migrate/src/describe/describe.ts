/**
 * All that a database is made of, read from PostgreSQL's catalogs by ourselves: two databases are equal when their descriptions
 * are. Whoever makes a plan is not asked whether it is right. Left out are the cluster's (roles, memberships, settings,
 * tablespaces), subscriptions, which no file makes, and the order of columns, which no statement changes.
 */
import { arrayLiteral, createPrivilegedPool } from '@peakstone/kernel/pg';
import { behaviourCatalogs } from './catalogs/behaviour.ts';
import { foreignCatalogs } from './catalogs/foreign.ts';
import { relationCatalogs } from './catalogs/relations.ts';
import { routineCatalogs } from './catalogs/routines.ts';

/** What of a database is somebody else's, and what of that is ours all the same. */
export interface DescribedScope {
  readonly ignoredSchemas: readonly string[];
  /** Tables of a runner's own, in any schema. */
  readonly ignoredTables: readonly string[];
  /** Owners that stand for one. */
  readonly impliedOwners: readonly string[];
  /** Tables in ignored schemas, `schema.name`: those whose triggers and policies are ours, … */
  readonly sharedTables: readonly string[];
  /** … those whose indexes and constraints are, too, … */
  readonly openTables: readonly string[];
  /** … and all that are to be looked at. */
  readonly foreignTables: readonly string[];
}

/** One object of a database. */
export interface DescribedObject {
  /** `table public.films`. */
  readonly name: string;
  /** The same without its kind. */
  readonly object: string;
  /** The relation that it is a part of, `schema.name`. */
  readonly relation: string | null;
  /** All that it is made of, as JSON: equal when the objects are. */
  readonly text: string;
}

/** By name. */
export type Description = ReadonlyMap<string, DescribedObject>;

const CATALOGS = [...relationCatalogs, ...behaviourCatalogs, ...routineCatalogs, ...foreignCatalogs].join(
  '\nunion all\n',
);

/** @param url of a login that sees everything */
export async function describeDatabase(url: string, scope: DescribedScope): Promise<Description> {
  const pool = createPrivilegedPool({ url, name: 'peakstone describe' });
  try {
    const lists = [
      scope.ignoredSchemas,
      scope.sharedTables,
      scope.openTables,
      scope.foreignTables,
      scope.impliedOwners,
      scope.ignoredTables,
    ];
    const { rows } = await pool.query(CATALOGS, lists.map(arrayLiteral));
    return new Map(
      rows.map(([kind, object, relation, text]) => {
        const name = `${kind} ${object}`;
        return [
          name,
          { name, object: String(object), relation: relation?.toString() ?? null, text: String(text) },
        ];
      }),
    );
  } finally {
    await pool.close();
  }
}
