import type { Cell } from '../types.ts';
import { Adjacency } from './adjacency.ts';
import { readIntegers } from './cells.ts';
import type { Constraint, Relations } from './relations.ts';

/** A foreign key with the relation that has it. */
export interface Reference extends Constraint {
  readonly source: number;
}

/** A key of a relation: `p` its primary key, `f` a foreign key's own columns, `ref` the columns one refers to. */
export interface Key {
  readonly kind: 'p' | 'f' | 'ref';
  readonly constraint: string;
  readonly columns: readonly number[];
}

/** Foreign keys in both directions, by position of relation. */
export class References {
  readonly #relations: Relations;
  readonly #incoming: Adjacency;

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
    this.#incoming = new Adjacency(relations.size, targets, sources);
  }

  outgoing(position: number): readonly Reference[] {
    return this.#relations
      .body(position)
      .constraints.filter(({ kind }) => kind === 'f')
      .map(constraint => ({ ...constraint, source: position }));
  }

  incoming(position: number): readonly Reference[] {
    return [...this.#incoming.of(position)].flatMap(source =>
      this.outgoing(source).filter(({ target }) => this.#relations.position(target) === position),
    );
  }

  keys(position: number): readonly Key[] {
    const own = this.#relations
      .body(position)
      .constraints.flatMap(({ kind, name, columns }) =>
        kind === 'u' ? [] : [{ kind, constraint: name, columns }],
      );
    const referred = this.incoming(position).map(({ name, targetColumns }) => ({
      kind: 'ref' as const,
      constraint: name,
      columns: targetColumns,
    }));
    return [...own, ...referred];
  }

  /** Whether a unique constraint or the primary key has exactly the foreign key's columns. */
  isUnique({ source, columns }: Reference): boolean {
    const wanted = columnSet(columns);
    return this.#relations
      .body(source)
      .constraints.some(constraint => constraint.kind !== 'f' && columnSet(constraint.columns) === wanted);
  }
}

function columnSet(columns: readonly number[]): string {
  return [...columns].sort((a, b) => a - b).join();
}
