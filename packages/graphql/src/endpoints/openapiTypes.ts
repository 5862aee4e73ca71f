/**
 * GraphQL's types as OpenAPI's. What can hold itself, and what would be long, is a component that others refer to: one for
 * the type and one for the type that is never null, as OpenAPI has nullability in the type itself.
 */
import { baseName, type EnumType, type NamedType, type RoleSchema, type TypeRef } from '../schema/types.ts';
import { mismatch, type Problems } from './problems.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Schemas by the names that `$ref` calls them. */
export type Components = Map<string, Json>;

interface PlainType {
  readonly type: string;
  readonly pattern?: string;
}

const plain: ReadonlyMap<string, PlainType> = new Map<string, PlainType>([
  ['int', { type: 'integer' }],
  ['float', { type: 'number' }],
  ['double', { type: 'number' }],
  ['bool', { type: 'boolean' }],
  ['boolean', { type: 'boolean' }],
  ['string', { type: 'string' }],
  ['id', { type: 'string' }],
  [
    'uuid',
    { type: 'string', pattern: '[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89aAbB][a-f0-9]{3}-[a-f0-9]{12}' },
  ],
]);

/** What OpenAPI has for a scalar: nothing for most of PostgreSQL's. Pure. */
export function plainType(name: string): PlainType | undefined {
  return plain.get(name.toLowerCase());
}

/** A list's layers around what `of` makes of the type inside. Pure. */
export function inLists(type: TypeRef, of: (name: string, nonNull: boolean) => Json): Json {
  if (type.kind === 'named') return of(type.name, type.nonNull);
  return { type: 'array', nullable: !type.nonNull, items: inLists(type.of, of) };
}

/** Scalars and enums. Adds to `components`. */
export function leafSchema(
  type: Extract<NamedType, { readonly kind: 'scalar' | 'enum' }>,
  nonNull: boolean,
  components: Components,
): Json {
  const base = { title: type.name, nullable: !nonNull };
  if (type.kind === 'enum')
    return declared(type.name, nonNull, components, () => ({
      ...base,
      ...described(type),
      enum: values(type),
    }));
  const known = plainType(type.name);
  if (known && known.pattern === undefined) return { ...base, ...known };
  return declared(type.name, nonNull, components, () => ({ ...base, ...(known ?? described(type)) }));
}

/** Of an argument or a variable, with all that its type leads to. Yields between types. */
export function* inputSchema(
  type: TypeRef,
  schema: RoleSchema,
  components: Components,
  problems: Problems,
): Generator<void, Json | null> {
  const missing = inputMismatch(baseName(type), schema);
  if (missing !== null) {
    problems.push(missing);
    return null;
  }
  const waiting: (() => Generator<void>)[] = [];
  const refer = (ref: TypeRef): Json =>
    inLists(ref, (name, nonNull) => {
      const found = schema.type(name)!;
      if (found.kind === 'scalar' || found.kind === 'enum') return leafSchema(found, nonNull, components);
      return declared(name, nonNull, components, key => {
        waiting.push(() => declareInput(found, nonNull, key));
        return {};
      });
    });
  function* declareInput(found: NamedType, nonNull: boolean, key: string): Generator<void> {
    const properties = new Map<string, Json>();
    if (found.kind === 'input')
      for (const field of found.fields.values()) properties.set(field.name, refer(field.type));
    components.set(key, {
      title: found.name,
      ...described(found),
      type: 'object',
      nullable: !nonNull,
      ...withProperties(properties),
    });
    yield;
  }
  const made = refer(type);
  for (let next = waiting.pop(); next; next = waiting.pop()) yield* next();
  return made;
}

function inputMismatch(name: string, schema: RoleSchema): string | null {
  const found = schema.type(name);
  if (!found) return mismatch.typeNotFound(name);
  return found.kind === 'scalar' || found.kind === 'enum' || found.kind === 'input'
    ? null
    : mismatch.noInput(found.kind, name);
}

/** A reference to a component, which `make` makes when there is none. */
function declared(name: string, nonNull: boolean, components: Components, make: (key: string) => Json): Json {
  const key = nonNull ? `${name}!` : name;
  if (!components.has(key)) components.set(key, make(key));
  return { $ref: `#/components/schemas/${key}` };
}

function values({ values }: EnumType): readonly string[] {
  return [...values.keys()];
}

/** Pure. */
export function described({ description }: { readonly description: string | null }): Json {
  return description === null ? {} : { description };
}

/** None of nothing. Pure. */
export function withProperties(properties: ReadonlyMap<string, Json>): Json {
  return properties.size > 0 ? { properties: Object.fromEntries(properties) } : {};
}
