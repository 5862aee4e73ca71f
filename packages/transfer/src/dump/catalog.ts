import { type Client, PgError } from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';

export type Row = Readonly<Record<string, string | null>>;

/** PostgreSQL's catalogs, all in one snapshot. */
export interface Catalog {
  /** Rows by column name. */
  rows(sql: string): Promise<readonly Row[]>;
  /** Schemas that are dumped, as an array of their numbers in SQL. */
  readonly schemas: string;
  /** A condition: the relation `c` is of those that were asked for. */
  readonly relations: string;
}

/** Numbers of the catalogs in pg_depend. */
export const CLASS = {
  relation: 1259,
  type: 1247,
  routine: 1255,
  schema: 2615,
  constraint: 2606,
  default: 2604,
  trigger: 2620,
  rule: 2618,
  policy: 3256,
  extension: 3079,
  operator: 2617,
  cast: 2605,
  collation: 3456,
  dictionary: 3600,
  configuration: 3602,
  language: 2612,
  wrapper: 2328,
  server: 1417,
  mapping: 1418,
  publication: 6104,
  publicationTable: 6106,
  publicationSchema: 6237,
  eventTrigger: 3466,
  statistics: 3381,
  defaultPrivileges: 826,
  largeObject: 2613,
} as const;

/** A condition: it is no part of an extension, which makes it itself. */
export function isNoMember(classId: number, oid: string): string {
  return `not exists (select from pg_depend member where member.classid = ${classId} and member.objid = ${oid} and member.deptype = 'e')`;
}

export async function readRows(client: Client, sql: string): Promise<readonly Row[]> {
  const results = await client.script(sql);
  const result = results.at(-1);
  if (!result) return [];
  return result.rows.map(row =>
    Object.fromEntries(row.map((cell, index) => [result.fields[index]!.name, cell?.toString() ?? null])),
  );
}

/** Of what has one row always. @throws {TransferError} where the server gives none: something else than PostgreSQL answers */
export function onlyRow<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined)
    throw new TransferError('The server answers queries without their rows, as no PostgreSQL does.', {
      hint: 'Look at what the address leads to: a proxy or a pooler in between perhaps.',
    });
  return row;
}

/** Somebody has dropped or changed what is dumped, so that the server can say no more of it. */
export class VanishedError extends TransferError {
  constructor(what: string, cause?: unknown) {
    super('What is dumped was changed or dropped meanwhile, by a migration perhaps.', {
      hint: `Dump again when that has ended (${what}).`,
      cause,
    });
  }
}

/** What a server says of things that its catalogs still have, in an older snapshot, and that are gone by now. */
const GONE: ReadonlySet<string> = new Set(['42P01', '42703', '42883', '42704', '3F000', '42809']);

/** Whether it would go well with a newer look at the catalogs. */
export function isVanished(error: unknown): boolean {
  if (error instanceof VanishedError) return true;
  return (
    error instanceof PgError &&
    (GONE.has(error.code) ||
      (error.code === 'XX000' && /cache lookup failed|could not open/.test(error.message)))
  );
}

/** A column that is there in every row. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (value === null || value === undefined) throw new VanishedError(column);
  return value;
}
