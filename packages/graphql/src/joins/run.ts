/** Joins what an answer's tree of joins says: each of them once for all objects that it is for. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Join, JoinTree } from './types.ts';

type JsonObject = Record<string, unknown>;
/** Objects that are looked at before others get their turn: a millisecond or two. */
const objectsAtOnce = 1000;
/** Of one object: the values of its keys. */
export type Keys = Readonly<Record<string, unknown>>;

export interface JoinRunner {
  /** What is joined to each of the keys, in their order. @throws {HasuraError} */
  run(join: Join, keys: readonly Keys[]): Promise<readonly unknown[]>;
}

/** Changes `value`, which is nobody else's. @throws {HasuraError} */
export async function runJoins(value: unknown, tree: JoinTree, runner: JoinRunner): Promise<void> {
  await join(objectsOf([value]), tree, runner);
}

/** Every object of what may be lists of lists. */
function objectsOf(values: readonly unknown[]): JsonObject[] {
  return values.flatMap(value => {
    if (Array.isArray(value)) return objectsOf(value);
    return value !== null && typeof value === 'object' ? [value as JsonObject] : [];
  });
}

async function join(objects: readonly JsonObject[], tree: JoinTree, runner: JoinRunner): Promise<void> {
  if (objects.length === 0) return;
  for (const [name, below] of tree.below)
    await join(objectsOf(objects.map(each => each[name])), below, runner);
  for (const [name, each] of tree.joins) await joinOne(objects, name, each, runner);
  for (const [i, object] of objects.entries()) {
    for (const member of tree.hidden) delete object[member];
    if (i % objectsAtOnce === objectsAtOnce - 1) await nextTurn();
  }
}

async function joinOne(
  objects: readonly JsonObject[],
  name: string,
  join_: Join,
  runner: JoinRunner,
): Promise<void> {
  // An object of another type of an interface has none of the keys.
  const concerned = objects.filter(object => name in object);
  const distinct = new Map<string, { readonly keys: Keys; readonly objects: JsonObject[] }>();
  for (const [i, object] of concerned.entries()) {
    if (i % objectsAtOnce === objectsAtOnce - 1) await nextTurn();
    const keys = Object.fromEntries(join_.keys.map(([member, other]) => [other, object[member] ?? null]));
    if (Object.values(keys).includes(null)) {
      object[name] = join_.kind === 'table' ? join_.empty : null;
      continue;
    }
    const id = JSON.stringify(keys);
    const known = distinct.get(id);
    if (known) known.objects.push(object);
    else distinct.set(id, { keys, objects: [object] });
  }
  const groups = [...distinct.values()];
  if (groups.length === 0) return;
  const all = groups.map(({ keys }) => keys);
  const values = await runner.run(join_, all);
  if (join_.below) await join(objectsOf(values), join_.below, runner);
  for (const [i, group] of groups.entries())
    for (const object of group.objects) object[name] = values[i] ?? null;
}
