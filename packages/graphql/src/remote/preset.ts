/**
 * Values that a role's schema fixes with `@preset(value: …)`: written there, or of the session. Whoever asks can neither see
 * nor change them. Pure.
 */
import { type ConstDirectiveNode, type ConstValueNode, Kind, print } from 'graphql/language/index.js';
import { showType, type TypeRef } from '../ir/typeRef.ts';
import type { Preset, RemoteInput, RemoteType } from './types.ts';

const builtin: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);

/** What the directive says; `problems` gets what is wrong with it. */
export function readPreset(
  directives: readonly ConstDirectiveNode[],
  name: string,
  type: TypeRef,
  types: ReadonlyMap<string, RemoteType>,
  problems: string[],
): Preset | undefined {
  const found = directives.filter(each => each.name.value === 'preset');
  if (found.length === 0) return undefined;
  if (found.length > 1) problems.push(`found multiple preset directives at Input object argument "${name}"`);
  const given = found[0]!.arguments ?? [];
  if (given.length === 0) problems.push('no arguments found in the preset directive');
  const value = given.find(each => each.name.value === 'value')?.value;
  if (!value) {
    if (given.length > 0) problems.push(`preset argument "value" not found at "${name}"`);
    return undefined;
  }
  const isStatic = given.find(each => each.name.value === 'static')?.value;
  if (isStatic && isStatic.kind !== Kind.BOOLEAN)
    problems.push('expected preset static value to be a Boolean value');
  const readsSession = !(isStatic?.kind === Kind.BOOLEAN && isStatic.value);
  return merge(presetParts(value, type, { name, types, problems, readsSession }));
}

interface PresetContext {
  readonly name: string;
  readonly types: ReadonlyMap<string, RemoteType>;
  readonly problems: string[];
  /** Text such as `x-hasura-user-id` stands for the session's value. */
  readonly readsSession: boolean;
}

function presetParts(value: ConstValueNode, type: TypeRef, context: PresetContext): Preset {
  const { name, problems, readsSession } = context;
  const isSession = readsSession && value.kind === Kind.STRING && /^x-hasura-/i.test(value.value);
  if (value.kind === Kind.NULL) return ['null'];
  if (type.kind === 'list') {
    if (isSession)
      problems.push(
        `illegal preset value at "${name}". Session arguments can only be set for singleton values`,
      );
    if (value.kind !== Kind.LIST) return presetParts(value, type.of, context);
    return ['[', ...value.values.flatMap(each => [...presetParts(each, type.of, context), ', ']), ']'];
  }
  const expected = (kind: string): Preset => {
    problems.push(`expected preset value "${print(value)}" of type "${type.name}" to be ${kind} value`);
    return [];
  };
  const found = context.types.get(type.name);
  switch (found?.kind ?? (builtin.has(type.name) ? 'scalar' : undefined)) {
    case 'scalar':
      if (isSession) return [{ session: value.value.toLowerCase(), type: { ...type, nonNull: true } }];
      return [Kind.OBJECT, Kind.LIST, Kind.ENUM].includes(value.kind as Kind.OBJECT)
        ? expected('a scalar')
        : [print(value)];
    case 'enum':
      if (isSession) return [{ session: value.value.toLowerCase(), type: { ...type, nonNull: true } }];
      if (value.kind !== Kind.ENUM) return expected('an enum');
      if (found?.kind === 'enum' && !found.values.has(value.value))
        problems.push(`"${value.value}" not found in the enum: "${type.name}"`);
      return [value.value];
    case 'input': {
      if (value.kind !== Kind.OBJECT || found?.kind !== 'input') return expected('an input object');
      const members = value.fields.flatMap((field): Preset => {
        const input = found.fields.get(field.name.value);
        if (input) return [`${field.name.value}: `, ...presetParts(field.value, input.type, context), ', '];
        problems.push(`"${field.name.value}" does not exist in the input object "${type.name}"`);
        return [];
      });
      return ['{', ...members, '}'];
    }
    default:
      problems.push(`expected "${type.name}" to be an input type, but it's an output type`);
      return [];
  }
}

/** Texts that follow one another as one. */
function merge(parts: Preset): Preset {
  const merged: Preset[number][] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (typeof part === 'string' && typeof last === 'string') merged[merged.length - 1] = last + part;
    else merged.push(part);
  }
  return merged;
}

/** What is fixed of an input: itself, or all of the object that it is. Undefined where who asks has a say. */
export function presetOf(
  input: RemoteInput,
  types: ReadonlyMap<string, RemoteType>,
  outer: ReadonlySet<string> = new Set(),
): Preset | undefined {
  if (input.preset || input.type.kind === 'list') return input.preset;
  const type = types.get(input.type.name);
  if (type?.kind !== 'input' || outer.has(type.name)) return undefined;
  const inside = new Set([...outer, type.name]);
  const members = [...type.fields].map(([name, each]) => [name, presetOf(each, types, inside)] as const);
  if (members.length === 0 || members.some(([, preset]) => !preset)) return undefined;
  return merge(['{', ...members.flatMap(([name, preset]): Preset => [`${name}: `, ...preset!, ', ']), '}']);
}

/** As part of a key that tells whether two are the same. Pure. */
export function showPreset(preset: Preset): string {
  return JSON.stringify(
    preset.map(part => (typeof part === 'string' ? part : [part.session, showType(part.type)])),
  );
}
