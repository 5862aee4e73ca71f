/** What an action's webhook gave, checked against the action's type and cut to what is asked for. Pure. */
import { HasuraError } from '../errors.ts';
import { isRawNumber } from '../ir/json.ts';
import type { TypeRef } from '../ir/typeRef.ts';
import type { CustomTypesModel } from '../model/types.ts';

export interface OutputField {
  readonly alias: string;
  readonly from:
    | { readonly kind: 'typename'; readonly text: string }
    | { readonly kind: 'member'; readonly name: string; readonly below: readonly OutputField[] | null }
    /** Filled by a join. */
    | { readonly kind: 'joined' };
}

const builtins: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);

/** @throws {HasuraError} in the reference's words */
export function checkOutput(value: unknown, type: TypeRef, types: CustomTypesModel): void {
  if (type.kind === 'named' && !builtins.has(type.name) && !types.objects.has(type.name)) return;
  if (value === null || value === undefined) {
    if (type.nonNull) throw unexpected('got null for the action webhook response');
    return;
  }
  if (type.kind === 'list') {
    if (!Array.isArray(value)) throw unexpected('expecting array for the action webhook response');
    for (const item of value) checkOutput(item, type.of, types);
    return;
  }
  const { name } = type;
  const wrong = (what: string): HasuraError =>
    unexpected(`got ${what} for the action webhook response, expecting ${name}`);
  if (Array.isArray(value)) throw wrong('array');
  if (typeof value === 'number' || isRawNumber(value)) {
    if (name !== 'Int' && name !== 'Float') throw wrong('scalar String');
  } else if (typeof value === 'boolean') {
    if (name !== 'Boolean') throw wrong('scalar Boolean');
  } else if (typeof value === 'string') {
    if (name !== 'String' && name !== 'ID') throw wrong('scalar String');
  } else {
    if (builtins.has(name)) throw wrong('object');
    checkObject(value as Record<string, unknown>, name, types);
  }
}

/** Whether its own members are there: what is within them passes, as in the reference. */
function checkObject(value: Readonly<Record<string, unknown>>, name: string, types: CustomTypesModel): void {
  for (const [field, { type }] of types.objects.get(name)?.fields ?? []) {
    const member = value[field] ?? null;
    if (member === null && type.nonNull)
      throw unexpected(
        Object.hasOwn(value, field)
          ? `expecting not null value for field "${field}"`
          : `field "${field}" expected in webhook response, but not found`,
      );
  }
}

function unexpected(message: string): HasuraError {
  return new HasuraError('unexpected', message);
}

/** Members by their aliases, in the order in which they were asked for. */
export function shapeOutput(value: unknown, fields: readonly OutputField[] | null): unknown {
  if (fields === null || value === null || typeof value !== 'object') return value ?? null;
  if (Array.isArray(value)) return value.map(item => shapeOutput(item, fields));
  const object = value as Readonly<Record<string, unknown>>;
  const shaped: Record<string, unknown> = {};
  for (const { alias, from } of fields) {
    if (from.kind === 'typename') shaped[alias] = from.text;
    else if (from.kind === 'joined') shaped[alias] = null;
    // An object that is not there is left out, where a scalar is null: as the reference has it.
    else if (from.below === null || Object.hasOwn(object, from.name))
      shaped[alias] = shapeOutput(object[from.name] ?? null, from.below);
  }
  return shaped;
}
