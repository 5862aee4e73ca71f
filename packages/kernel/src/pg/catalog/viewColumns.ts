import type { Result } from '../types.ts';
import { Adjacency } from './adjacency.ts';
import { readInteger } from './cells.ts';
import type { Relations } from './relations.ts';
import { parseViewTargets } from './viewTargets.ts';

/** Views over views deeper than this are not followed further. */
const MAX_VIEW_DEPTH = 64;

/** Combinations of repeated columns considered for one key of one view. */
const MAX_COMBINATIONS = 256;

/** Where a view's columns come from: number of the view's column, position and attribute number of the source. */
type Origins = readonly (readonly [column: number, relation: number, attribute: number])[];

/** By relation underneath a view, by attribute number of that relation: the view's columns that show it. */
type ShownAttributes = ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;

/** Which columns of which relations views show, traced through views over views. Relations are positions. */
export class ViewColumns {
  readonly #relations: Relations;
  readonly #targets: ReadonlyMap<number, Uint32Array>;
  readonly #viewsOver: Adjacency;
  readonly #shown = new Map<number, ShownAttributes>();

  private constructor(relations: Relations, targets: ReadonlyMap<number, Uint32Array>, viewsOver: Adjacency) {
    this.#relations = relations;
    this.#targets = targets;
    this.#viewsOver = viewsOver;
  }

  /** `rules`: rows of view and rewrite rule. Only views in offered schemas show columns; others are looked through. */
  static *trace(
    rules: Result,
    relations: Relations,
    isOffered: (schema: string) => boolean,
  ): Generator<void, ViewColumns> {
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
    return new ViewColumns(relations, targets, new Adjacency(relations.size, bases, views));
  }

  /** The relations whose columns this view shows, views in between included. */
  basesOf(view: number): readonly number[] {
    return [...this.#shownBy(view).keys()];
  }

  /** The offered views that show columns of this relation. */
  viewsOver(base: number): Uint32Array {
    return this.#viewsOver.of(base);
  }

  /** Every way in which the view names all of these columns of a relation, in their order; none when it misses one. */
  namings(view: number, base: number, columns: readonly number[]): readonly (readonly string[])[] {
    const attributes = this.#shownBy(view).get(base);
    const choices = columns.map(column => attributes?.get(column) ?? []);
    return choices.every(names => names.length > 0) ? combine(choices) : [];
  }

  #shownBy(view: number): ShownAttributes {
    let shown = this.#shown.get(view);
    if (!shown) {
      shown = this.#findShown(view);
      this.#shown.set(view, shown);
    }
    return shown;
  }

  #findShown(view: number): ShownAttributes {
    const names = this.#relations.columnNames(view);
    const shown = new Map<number, Map<number, string[]>>();
    for (const [column, base, attribute] of traceColumns(view, this.#targets)) {
      const name = names.get(column);
      if (name === undefined) continue;
      const attributes = shown.get(base) ?? new Map<number, string[]>();
      attributes.set(attribute, [...(attributes.get(attribute) ?? []), name]);
      shown.set(base, attributes);
    }
    return shown;
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

/** One of each: `[[a, b], [c]]` gives `[a, c]` and `[b, c]`. */
function combine(choices: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let combinations: readonly (readonly string[])[] = [[]];
  for (const names of choices) {
    combinations = combinations
      .flatMap(chosen => names.map(name => [...chosen, name]))
      .slice(0, MAX_COMBINATIONS);
  }
  return combinations;
}
