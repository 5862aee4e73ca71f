import type { Result } from '../types.ts';
import { Adjacency } from './adjacency.ts';
import { readInteger } from './cells.ts';
import type { Key, References } from './references.ts';
import type { Relations } from './relations.ts';
import { parseViewTargets } from './viewTargets.ts';

/** A key of a base relation all of whose columns a view shows. */
export interface ViewKey {
  readonly view: number;
  readonly base: number;
  readonly kind: Key['kind'];
  readonly constraint: string;
  /** In constraint order: the names under which the view shows each column of the key. */
  readonly columns: readonly (readonly string[])[];
}

/** Views over views deeper than this are not followed further. */
const MAX_VIEW_DEPTH = 64;

/** Combinations of repeated columns considered for one key of one view. */
const MAX_COMBINATIONS = 256;

/** Where a view's columns come from: number of the view's column, position and attribute number of the source. */
type Origins = readonly (readonly [column: number, relation: number, attribute: number])[];

/** Which keys views pass on, traced through views over views. Views are numbers: positions of relations. */
export class ViewKeys {
  readonly #relations: Relations;
  readonly #references: References;
  readonly #targets: ReadonlyMap<number, Uint32Array>;
  readonly #viewsOver: Adjacency;
  readonly #found = new Map<number, readonly ViewKey[]>();

  private constructor(
    relations: Relations,
    references: References,
    targets: ReadonlyMap<number, Uint32Array>,
    viewsOver: Adjacency,
  ) {
    this.#relations = relations;
    this.#references = references;
    this.#targets = targets;
    this.#viewsOver = viewsOver;
  }

  /** `rules`: rows of view and rewrite rule. Only views in offered schemas get keys; others are looked through. */
  static *trace(
    rules: Result,
    relations: Relations,
    references: References,
    isOffered: (schema: string) => boolean,
  ): Generator<void, ViewKeys> {
    const targets = new Map<number, Uint32Array>();
    for (const [oid, rule] of rules.rows) {
      const view = relations.position(readInteger(oid));
      if (view === undefined || !rule) continue;
      const flat: number[] = [];
      for (const { column, relation, attribute } of parseViewTargets(rule)) {
        const source = relations.position(relation);
        if (source !== undefined) flat.push(column, source, attribute);
      }
      targets.set(view, Uint32Array.from(flat));
      yield;
    }

    const bases: number[] = [];
    const views: number[] = [];
    for (const view of targets.keys()) {
      if (!isOffered(relations.name(view).schema)) continue;
      for (const base of new Set(traceColumns(view, targets).map(([, relation]) => relation))) {
        bases.push(base);
        views.push(view);
      }
      yield;
    }
    return new ViewKeys(relations, references, targets, new Adjacency(relations.size, bases, views));
  }

  /** Every key that this view shows. */
  shownBy(view: number): readonly ViewKey[] {
    let found = this.#found.get(view);
    if (!found) {
      found = this.#findKeys(view);
      this.#found.set(view, found);
    }
    return found;
  }

  /** Views that show this key. */
  showing(base: number, kind: Key['kind'], constraint: string): readonly ViewKey[] {
    return [...this.#viewsOver.of(base)].flatMap(view =>
      this.shownBy(view).filter(
        key => key.base === base && key.kind === kind && key.constraint === constraint,
      ),
    );
  }

  #findKeys(view: number): readonly ViewKey[] {
    const names = this.#relations.columnNames(view);
    /** Base relation, then attribute, then the view's columns that show it. */
    const shown = new Map<number, Map<number, string[]>>();
    for (const [column, base, attribute] of traceColumns(view, this.#targets)) {
      const name = names.get(column);
      if (name === undefined) continue;
      const attributes = shown.get(base) ?? new Map<number, string[]>();
      attributes.set(attribute, [...(attributes.get(attribute) ?? []), name]);
      shown.set(base, attributes);
    }
    return [...shown].flatMap(([base, attributes]) =>
      this.#references.keys(base).flatMap(({ kind, constraint, columns }) => {
        const shownAs = columns.map(column => attributes.get(column));
        return shownAs.every(choices => choices !== undefined)
          ? [{ view, base, kind, constraint, columns: shownAs }]
          : [];
      }),
    );
  }
}

/** Each column of a view with every relation it comes from on the way down, views in between included. */
function traceColumns(view: number, targets: ReadonlyMap<number, Uint32Array>): Origins {
  const origins: [number, number, number][] = [];
  const own = targets.get(view);
  for (let i = 0; own && i < own.length; i += 3) {
    const column = own[i]!;
    let relation = own[i + 1]!;
    let attribute = own[i + 2]!;
    for (let depth = 0; depth < MAX_VIEW_DEPTH; depth++) {
      origins.push([column, relation, attribute]);
      const below = targets.get(relation);
      const at = below ? indexOfColumn(below, attribute) : -1;
      if (!below || at < 0) break;
      relation = below[at + 1]!;
      attribute = below[at + 2]!;
    }
  }
  return origins;
}

function indexOfColumn(targets: Uint32Array, column: number): number {
  for (let i = 0; i < targets.length; i += 3) if (targets[i] === column) return i;
  return -1;
}

/** Every way to choose one view column for each column of the key: `[[a, b], [c]]` gives `[a, c]` and `[b, c]`. */
export function expandColumns(columns: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let combinations: readonly (readonly string[])[] = [[]];
  for (const choices of columns) {
    combinations = combinations
      .flatMap(chosen => choices.map(choice => [...chosen, choice]))
      .slice(0, MAX_COMBINATIONS);
  }
  return combinations;
}
