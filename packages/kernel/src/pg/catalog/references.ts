import type { Cell } from '../types.ts';
import { Adjacency } from './adjacency.ts';
import { readIntegers } from './cells.ts';
import type { Constraint, Relations } from './relations.ts';

/** A foreign key with the relations at its ends, as positions. */
export interface Reference {
  readonly name: string;
  readonly source: number;
  readonly target: number;
  /** Attribute numbers in constraint order. */
  readonly columns: readonly number[];
  readonly targetColumns: readonly number[];
  /** A unique constraint or the primary key has exactly these columns, so that there is at most one row on either side. */
  readonly isUnique: boolean;
}

/** Foreign keys in both directions. */
export class References {
  readonly #relations: Relations;
  readonly #sources: Adjacency;
  readonly #outgoing = new Map<number, readonly Reference[]>();
  readonly #incoming = new Map<number, readonly Reference[]>();

  /** `pairs`: oids of source and target in turn. */
  constructor(relations: Relations, pairs: Cell | undefined) {
    const oids = readIntegers(pairs);
    const sources: number[] = [];
    const targets: number[] = [];
    for (let i = 0; i + 1 < oids.length; i += 2) {
      const source = relations.position(oids[i]!);
      const target = relations.position(oids[i + 1]!);
      if (source === undefined || target === undefined) continue;
      sources.push(source);
      targets.push(target);
    }
    this.#relations = relations;
    this.#sources = new Adjacency(relations.size, targets, sources);
  }

  outgoing(source: number): readonly Reference[] {
    let outgoing = this.#outgoing.get(source);
    if (!outgoing) {
      const { constraints } = this.#relations.body(source);
      outgoing = constraints.flatMap(constraint => this.#readReference(source, constraint, constraints));
      this.#outgoing.set(source, outgoing);
    }
    return outgoing;
  }

  incoming(target: number): readonly Reference[] {
    let incoming = this.#incoming.get(target);
    if (!incoming) {
      incoming = [...this.#sources.of(target)].flatMap(source =>
        this.outgoing(source).filter(reference => reference.target === target),
      );
      this.#incoming.set(target, incoming);
    }
    return incoming;
  }

  #readReference(
    source: number,
    { name, kind, target: oid, columns, targetColumns }: Constraint,
    constraints: readonly Constraint[],
  ): Reference[] {
    const target = this.#relations.position(oid);
    if (kind !== 'f' || target === undefined) return [];
    const wanted = columnSet(columns);
    const isUnique = constraints.some(other => other.kind !== 'f' && columnSet(other.columns) === wanted);
    return [{ name, source, target, columns, targetColumns, isUnique }];
  }
}

function columnSet(columns: readonly number[]): string {
  return [...columns].sort((a, b) => a - b).join();
}
