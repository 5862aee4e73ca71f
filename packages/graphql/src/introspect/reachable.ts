/** The types of a schema that anybody can come to. */
import { baseName, type InputFieldDef, type NamedType, type RoleSchema } from '../schema/types.ts';

/** A schema's types, and how many parts they have: types, fields, arguments, values. */
export interface Reachable {
  readonly types: ReadonlyMap<string, NamedType>;
  readonly parts: number;
}

const known = new WeakMap<RoleSchema, Reachable>();
/** Types that are made before others get their turn. */
const typesASlice = 20;

/** Every type that roots, directives and introspection lead to, by name. Yields between slices; a schema's are looked up once. */
export function* reachableTypes(schema: RoleSchema): Generator<void, Reachable> {
  const before = known.get(schema);
  if (before) return before;
  const found = new Map<string, NamedType>();
  let parts = 0;
  const queue: string[] = [
    schema.query,
    schema.mutation,
    schema.subscription,
    '__Schema',
    'Boolean',
    'Int',
  ].flatMap(name => name ?? []);
  const inputs = (fields: ReadonlyMap<string, InputFieldDef>): void => {
    parts += fields.size;
    for (const { type } of fields.values()) queue.push(baseName(type));
  };
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    const type = schema.type(name);
    if (!type) continue;
    found.set(name, type);
    parts++;
    if (found.size % typesASlice === 0) yield;
    switch (type.kind) {
      case 'object':
      case 'interface':
        parts += type.fields.size;
        for (const field of type.fields.values()) {
          queue.push(baseName(field.type));
          inputs(field.args);
        }
        queue.push(...(type.kind === 'object' ? type.interfaces : type.possibleTypes));
        break;
      case 'union':
        queue.push(...type.possibleTypes);
        break;
      case 'input':
        inputs(type.fields);
        break;
      case 'enum':
        parts += type.values.size;
        break;
      case 'scalar':
    }
  }
  const names = [...found.keys()].sort();
  yield;
  const types = new Map(names.map(name => [name, found.get(name)!]));
  const reachable = { types, parts };
  known.set(schema, reachable);
  return reachable;
}
