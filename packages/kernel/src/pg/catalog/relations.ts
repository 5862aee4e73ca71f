import type { Result } from '../types.ts';
import { readText } from './cells.ts';
import type { QualifiedName, Table } from './types.ts';

/** One relation's facts, decoded from its line of JSON. */
export interface RelationBody {
  readonly columns: readonly PackedColumn[];
  readonly constraints: readonly Constraint[];
  readonly defaults: readonly (readonly [attnum: number, expression: string])[];
  readonly columnComments: readonly (readonly [attnum: number, comment: string])[];
  readonly comment: string | null;
}

export type PackedColumn = readonly [
  attnum: number,
  name: string,
  typeOid: number,
  typmod: number,
  flags: number,
];

/** A primary key, unique constraint or foreign key; columns are attribute numbers in constraint order. */
export interface Constraint {
  readonly name: string;
  readonly kind: 'p' | 'u' | 'f';
  /** Oid; 0 unless a foreign key. */
  readonly target: number;
  readonly columns: readonly number[];
  readonly targetColumns: readonly number[];
}

type PackedHead = readonly [number, string, string, string, boolean, number];
type PackedConstraint = readonly [string, Constraint['kind'], number, readonly number[], readonly number[]];
type PackedBody = readonly [
  RelationBody['columns'],
  readonly PackedConstraint[],
  RelationBody['defaults'],
  RelationBody['columnComments'],
  string | null,
];

const KINDS: Readonly<Record<string, Table['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized',
  f: 'foreign',
};

const KIND_LETTERS = 'rpvmf';
const NEWLINE = 0x0a;

/**
 * All relations by position, in order of schema and name. What every relation needs is in typed arrays;
 * the rest stays as the bytes that came and is decoded on demand.
 */
export class Relations {
  readonly #names: QualifiedName[] = [];
  readonly #positions = new Map<number, number>();
  readonly #kinds: number[] = [];
  readonly #updates: number[] = [];
  readonly #partitions = new Set<number>();
  readonly #chunks: Buffer[] = [];
  /** Start and end of each body in its chunk, and which chunk. */
  readonly #bodies: number[] = [];
  readonly #decoded = new Map<number, RelationBody>();
  readonly #columnNames = new Map<number, ReadonlyMap<number, string>>();

  static *decode(result: Result): Generator<void, Relations> {
    const relations = new Relations();
    const schemas = new Map<string, string>();
    for (const [heads, bodies] of result.rows) {
      const chunk = Buffer.from(bodies ?? '');
      const chunkNumber = relations.#chunks.push(chunk) - 1;
      let start = 0;
      for (const [oid, schema, name, kind, isPartition, updates] of JSON.parse(
        readText(heads),
      ) as PackedHead[]) {
        // One string a schema rather than one a relation.
        if (!schemas.has(schema)) schemas.set(schema, schema);
        const position = relations.#names.push({ schema: schemas.get(schema)!, name }) - 1;
        relations.#positions.set(oid, position);
        relations.#kinds.push(KIND_LETTERS.indexOf(kind));
        relations.#updates.push(updates);
        if (isPartition) relations.#partitions.add(position);
        const newline = chunk.indexOf(NEWLINE, start);
        const end = newline < 0 ? chunk.length : newline;
        relations.#bodies.push(chunkNumber, start, end);
        start = end + 1;
      }
      yield;
    }
    return relations;
  }

  get size(): number {
    return this.#names.length;
  }

  position(oid: number): number | undefined {
    return this.#positions.get(oid);
  }

  name(position: number): QualifiedName {
    return this.#names[position]!;
  }

  kind(position: number): Table['kind'] {
    return KINDS[KIND_LETTERS[this.#kinds[position]!]!]!;
  }

  isView(position: number): boolean {
    const kind = this.kind(position);
    return kind === 'view' || kind === 'materialized';
  }

  isPartition(position: number): boolean {
    return this.#partitions.has(position);
  }

  /** Bits as pg_relation_is_updatable gives them: 4 update, 8 insert, 16 delete. */
  updates(position: number): number {
    return this.#updates[position]!;
  }

  body(position: number): RelationBody {
    let body = this.#decoded.get(position);
    if (!body) {
      const [chunk, start, end] = this.#bodies.slice(position * 3, position * 3 + 3);
      const [columns, constraints, defaults, columnComments, comment] = JSON.parse(
        this.#chunks[chunk!]!.toString('utf8', start, end),
      ) as PackedBody;
      body = {
        columns,
        constraints: constraints.map(([name, kind, target, own, referred]) => ({
          name,
          kind,
          target,
          columns: own,
          targetColumns: referred,
        })),
        defaults,
        columnComments,
        comment,
      };
      this.#decoded.set(position, body);
    }
    return body;
  }

  /** Column names by attribute number. */
  columnNames(position: number): ReadonlyMap<number, string> {
    let names = this.#columnNames.get(position);
    if (!names) {
      names = new Map(this.body(position).columns.map(([attnum, name]) => [attnum, name]));
      this.#columnNames.set(position, names);
    }
    return names;
  }

  /** The names of these columns of a relation. */
  namesOf(position: number, columns: readonly number[]): readonly string[] {
    const names = this.columnNames(position);
    return columns.map(column => names.get(column) ?? '');
  }
}
