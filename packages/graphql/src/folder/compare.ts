/** Where two metadata differ, as lines. Members of lists are told apart by their names, so that an order is no difference. Pure. */

/** `- path: value` is only in `before`, `+ path: value` only in `after`. */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (isObject(before) && isObject(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap(name =>
      differences(before[name], after[name], path === '' ? name : `${path}.${name}`),
    );
  if (Array.isArray(before) && Array.isArray(after)) {
    const [left, right] = [byName(before), byName(after)];
    if (left && right) return differences(left, right, path);
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [
    ...(before === undefined ? [] : [`- ${path}: ${JSON.stringify(before)}`]),
    ...(after === undefined ? [] : [`+ ${path}: ${JSON.stringify(after)}`]),
  ];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

const naming = ['name', 'role', 'role_name', 'collection', 'root_field_name', 'table', 'function'] as const;

/** Null for a list whose members have no names of their own. */
function byName(list: readonly unknown[]): Record<string, unknown> | null {
  const named: Record<string, unknown> = {};
  for (const member of list) {
    const name = isObject(member) && naming.map(each => member[each]).find(each => each !== undefined);
    if (!name) return null;
    const shown = isObject(name) ? `${String(name.schema)}.${String(name.name)}` : String(name);
    if (shown in named) return null;
    named[shown] = member;
  }
  return named;
}
