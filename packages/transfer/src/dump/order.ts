import { type Needs, partsOf } from './depend.ts';
import { type DumpObject, PRIORITY } from './object.ts';
import type { TableObject, TablePart } from './read/tables.ts';
import type { ViewObject } from './read/views.ts';

/**
 * The objects so that each stands behind what it needs; among those that are free, by kind and name. A circle is opened as
 * pg_dump does: a default or check gets a statement of its own behind the table, a view is made with its columns first and
 * with its query later. Pure, but for the parts that become separate.
 * @throws {CircleError} where neither helps.
 */
export function orderObjects(objects: readonly DumpObject[], needs: Needs): DumpObject[] {
  const graph = new Graph(objects, needs);
  for (;;) {
    const circle = graph.sort();
    if (circle === null) return graph.sorted;
    if (!graph.open(circle))
      throw new CircleError(circle.map(({ kind, schema, name }) => `${kind} ${schema}.${name}`));
  }
}

export class CircleError extends Error {
  override readonly name = 'CircleError';
  readonly objects: readonly string[];
  constructor(objects: readonly string[]) {
    super(`objects need one another: ${objects.join(', ')}`);
    this.objects = objects;
  }
}

class Graph {
  sorted: DumpObject[] = [];
  readonly #objects: DumpObject[];
  readonly #byKey: Map<string, DumpObject>;
  readonly #needs: Map<string, Set<string>>;

  constructor(objects: readonly DumpObject[], needs: Needs) {
    this.#objects = [...objects].sort(compare);
    this.#byKey = new Map(objects.map(object => [object.key, object]));
    this.#needs = new Map([...needs].map(([key, set]) => [key, new Set(set)]));
    for (const object of objects)
      for (const part of partsOf(object)) if (part.isSeparate) this.#separate(object, part);
  }

  /** Sorts, or gives the first circle that is met. */
  sort(): readonly DumpObject[] | null {
    this.sorted = [];
    this.#postpone();
    const state = new Map<string, 'open' | 'done'>();
    for (const section of ['pre-data', 'post-data', 'last'] as const)
      for (const root of this.#objects) {
        if (root.section !== section) continue;
        const circle = this.#visit(root, state);
        if (circle !== null) return circle;
      }
    return null;
  }

  /** Without recursion, as views may stand on views to any depth. */
  #visit(root: DumpObject, state: Map<string, 'open' | 'done'>): readonly DumpObject[] | null {
    if (state.has(root.key)) return null;
    const stack = [{ object: root, needs: this.#neededBy(root) }];
    state.set(root.key, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const next = top.needs.shift();
      if (next === undefined) {
        state.set(top.object.key, 'done');
        this.sorted.push(top.object);
        stack.pop();
        continue;
      }
      const seen = state.get(next.key);
      if (seen === 'done') continue;
      if (seen === 'open') {
        const from = stack.findIndex(({ object }) => object === next);
        return stack.slice(from).map(({ object }) => object);
      }
      state.set(next.key, 'open');
      stack.push({ object: next, needs: this.#neededBy(next) });
    }
    return null;
  }

  #neededBy(object: DumpObject): DumpObject[] {
    const keys = new Set(this.#needs.get(object.key));
    for (const part of partsOf(object))
      if (!part.isSeparate) for (const key of this.#needs.get(part.key) ?? []) keys.add(key);
    keys.delete(object.key);
    return [...keys]
      .map(key => this.#byKey.get(key))
      .filter(needed => needed !== undefined)
      .sort(compare);
  }

  /** What needs something that comes behind the rows comes behind them as well: a view that groups by a key. */
  #postpone(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const object of this.#objects) {
        if (object.section !== 'pre-data' || object.kind === 'TABLE') continue;
        if (!this.#neededBy(object).some(needed => needed.section === 'post-data')) continue;
        object.section = 'post-data';
        changed = true;
      }
    }
  }

  open(circle: readonly DumpObject[]): boolean {
    for (const [index, object] of circle.entries()) {
      const next = circle[(index + 1) % circle.length]!;
      // By what of it the next one is needed: by the table itself nothing can be done.
      if (this.#needs.get(object.key)?.has(next.key)) continue;
      const part = partsOf(object).find(each => !each.isSeparate && this.#needs.get(each.key)?.has(next.key));
      if (part === undefined) continue;
      part.isSeparate = true;
      this.#separate(object, part);
      return true;
    }
    const view = circle.find(object => (object as Partial<ViewObject>).placeholder);
    if (view === undefined) return false;
    this.#replace(view as ViewObject);
    return true;
  }

  #separate(table: DumpObject, part: TablePart): void {
    const object: DumpObject = {
      key: part.key,
      kind: part.kind,
      schema: table.schema,
      name: part.name,
      owner: null,
      section: part.kind === 'DEFAULT' ? 'pre-data' : 'post-data',
      definition: part.statement,
      dropped: null,
      dropStatement: part.dropStatement,
      named: part.named,
      dependsOn: new Set(),
    };
    this.#needs.set(part.key, new Set([...(this.#needs.get(part.key) ?? []), table.key]));
    this.#add(object);
  }

  /** The view's columns where it stands, and its query as an object of its own. */
  #replace(view: ViewObject): void {
    const query: DumpObject = {
      ...view,
      key: `query:${view.key}`,
      section: 'post-data',
      definition: view.definition.replace(/^CREATE VIEW/, 'CREATE OR REPLACE VIEW'),
      owner: null,
      dropped: null,
      // What its query needs can then go.
      dropStatement: view.placeholder!.replace(/^CREATE VIEW/, 'CREATE OR REPLACE VIEW'),
      named: null,
    };
    Object.assign(view, { definition: view.placeholder, placeholder: null });
    const needs = this.#needs.get(view.key) ?? new Set();
    this.#needs.set(query.key, new Set([...needs, view.key]));
    // Its columns have types, which its query needs as well; those may be part of the circle, and then stay.
    this.#needs.set(
      view.key,
      new Set(
        [...needs].filter(key => /^(?:SCHEMA|EXTENSION|TYPE|DOMAIN)$/.test(this.#byKey.get(key)?.kind ?? '')),
      ),
    );
    this.#add(query);
  }

  #add(object: DumpObject): void {
    if (this.#byKey.has(object.key)) return;
    this.#byKey.set(object.key, object);
    this.#objects.push(object);
    this.#objects.sort(compare);
  }
}

function compare(a: DumpObject, b: DumpObject): number {
  return (
    priority(a) - priority(b) || order(a.schema, b.schema) || order(a.name, b.name) || order(a.key, b.key)
  );
}

function priority({ kind }: DumpObject): number {
  return PRIORITY[kind] ?? Number.MAX_SAFE_INTEGER;
}

/** By code, whatever the machine's language is. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A table's definition, now that it is known what stands inside. */
export function definitionOf(object: DumpObject): string {
  const { render } = object as Partial<TableObject>;
  return render === undefined ? object.definition : (object as TableObject).render();
}
