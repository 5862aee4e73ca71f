/**
 * Answers `__schema` and `__type` from the role's schema. What is asked may be as large as whoever asks likes, types in types
 * in types: it is written in slices, and bounded by what a schema of this size gives to any tool's question.
 */

import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { RoleSchema } from '../schema/types.ts';
import { type Budget, JsonParts, tooMuch } from './jsonParts.ts';
import { Members, type Source } from './members.ts';
import { reachableTypes } from './reachable.ts';
import { RefTexts } from './refTexts.ts';

/** How much may be written for each part that a schema has, and besides: tools ask five objects for each. */
const objectsForEachPart = 20;
const objectsBesides = 100_000;
/** Members that are written before others get their turn. */
const membersASlice = 500;

/**
 * JSON of one of introspection's root fields, by a stack of its own: however deep it is asked, it can stop anywhere. Yields
 * between slices. Pure.
 * @throws {HasuraError} validation-failed for more than a schema of this size has to say
 */
export function* introspect(
  field: ResolvedField,
  schema: RoleSchema,
  budget: Budget,
): Generator<void, readonly Uint8Array[]> {
  const { types, parts } = yield* reachableTypes(schema);
  const out = new JsonParts(budget, field.path);
  const maxObjects = objectsBesides + objectsForEachPart * parts;
  const members = new Members(schema, types);
  const refs = new RefTexts(members);
  const stack: Frame[] = [];
  const open = (typeName: string, of: Source | null, selection: ResolvedSelection | null): void => {
    if (of === null || selection?.kind !== 'object') {
      out.write('null');
      return;
    }
    const known = of.kind === 'ref' ? refs.textOf(of.ref, selection) : null;
    budget.objects += known?.objects ?? 1;
    if (budget.objects > maxObjects) throw tooMuch(field.path);
    if (known) out.write(known.text);
    else stack.push({ kind: 'object', typeName, of, fields: selection.fields, at: 0 });
  };
  if (field.def.means.kind === 'introspectSchema')
    open('__Schema', { kind: 'schema', schema }, field.selection);
  else {
    const { name } = field.args;
    const type = name?.kind === 'scalar' ? types.get(String(name.value)) : undefined;
    open('__Type', type ? { kind: 'named', type } : null, field.selection);
  }
  let written = 0;
  for (let top = stack[0]; top; top = stack[stack.length - 1]) {
    if (++written % membersASlice === 0) yield;
    if (top.kind === 'list') {
      const of = top.sources[top.at];
      if (of === undefined) {
        out.write(top.at === 0 ? '[]' : ']');
        stack.pop();
        continue;
      }
      out.write(top.at++ === 0 ? '[' : ',');
      open(top.typeName, of, top.selection);
      continue;
    }
    const next = top.fields[top.at];
    if (next === undefined) {
      out.write(top.at === 0 ? '{}' : '}');
      stack.pop();
      continue;
    }
    out.write(`${top.at++ === 0 ? '{' : ','}"${next.alias}":`);
    const { means } = next.def;
    if (means.kind === 'introspection') {
      const value = members.of(means.member, top.of);
      if (value.kind === 'plain') out.write(JSON.stringify(value.value));
      else if (value.kind === 'one') open(value.typeName, value.source, next.selection);
      else
        stack.push({
          kind: 'list',
          typeName: value.typeName,
          sources: value.sources,
          selection: next.selection,
          at: 0,
        });
    } else out.write(means.kind === 'typename' ? JSON.stringify(top.typeName) : 'null');
  }
  return out.finish();
}

/** An object or a list that is being written, and how far it is. */
type Frame =
  | {
      readonly kind: 'object';
      readonly typeName: string;
      readonly of: Source;
      readonly fields: readonly ResolvedField[];
      at: number;
    }
  | {
      readonly kind: 'list';
      readonly typeName: string;
      readonly sources: readonly Source[];
      readonly selection: ResolvedSelection | null;
      at: number;
    };
