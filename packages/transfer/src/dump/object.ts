/** Where a statement stands in a dump: what rows need, what needs rows, and what acts on all that is there. */
export type Section = 'pre-data' | 'post-data' | 'last';

/** One thing that a dump makes. */
export interface DumpObject {
  /** Class and number in the catalog, `1259:16384`; what stands for a part of an object adds to it. */
  readonly key: string;
  /** As pg_dump calls it: `TABLE`, `FK CONSTRAINT` … */
  readonly kind: string;
  readonly schema: string;
  /** For people: with a routine's arguments, and a constraint's table. */
  readonly name: string;
  /** Null where it has none of its own. */
  readonly owner: string | null;
  section: Section;
  /** Statements that make it; empty where something else does. */
  definition: string;
  /** Without DROP and the semicolon: `TABLE public.films`. Null where it goes with something else. */
  readonly dropped: string | null;
  /** What takes it away where DROP would not do. */
  readonly dropStatement?: string;
  /** As COMMENT ON names it. Null where it cannot have one. */
  readonly named: string | null;
  /** Keys. */
  readonly dependsOn: Set<string>;
}

/** Among what does not depend on one another, in which order: as pg_dump, so that two dumps can be compared. */
export const PRIORITY: Readonly<Record<string, number>> = Object.fromEntries(
  [
    'SCHEMA',
    'COLLATION',
    'EXTENSION',
    'TYPE',
    'DOMAIN',
    'CAST',
    'FUNCTION',
    'PROCEDURE',
    'AGGREGATE',
    'OPERATOR',
    'TEXT SEARCH DICTIONARY',
    'TEXT SEARCH CONFIGURATION',
    'FOREIGN DATA WRAPPER',
    'SERVER',
    'USER MAPPING',
    'TABLE',
    'FOREIGN TABLE',
    'VIEW',
    'MATERIALIZED VIEW',
    'SEQUENCE',
    'SEQUENCE OWNED BY',
    'TABLE ATTACH',
    'DEFAULT',
    'CHECK CONSTRAINT',
    'CONSTRAINT',
    'INDEX',
    'INDEX ATTACH',
    'STATISTICS',
    'RULE',
    'TRIGGER',
    'FK CONSTRAINT',
    'ROW SECURITY',
    'POLICY',
    'PUBLICATION',
    'PUBLICATION TABLE',
    'PUBLICATION TABLES IN SCHEMA',
    'EVENT TRIGGER',
    'MATERIALIZED VIEW DATA',
    'DEFAULT ACL',
  ].map((kind, index) => [kind, index]),
);

/** Rows of a table, or of a table that an extension has for others to fill. */
export interface TableRows {
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  /** `COPY schema.table (columns) FROM stdin;` */
  readonly copyIn: string;
  /** `copy … to stdout` */
  readonly copyOut: string;
}
