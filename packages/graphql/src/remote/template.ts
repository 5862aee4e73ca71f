/**
 * Arguments of a remote relationship: JSON in which `"$name"` stands for a member of the object that the relationship begins
 * in. Pure.
 */
import type { Json, JsonObject } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import { baseName, showType, type TypeRef } from '../ir/typeRef.ts';
import type { RemoteDocument } from './types.ts';

/** The member that a template stands for; null for anything else. */
export function memberOf(template: Json): string | null {
  return typeof template === 'string' && template.startsWith('$') ? template.slice(1) : null;
}

export function isTemplateObject(template: Json | undefined): template is JsonObject {
  return template !== null && typeof template === 'object' && !Array.isArray(template);
}

/** @throws {HasuraError} for what is no value of the type, or names no member */
export function assertTemplate(
  template: Json,
  type: TypeRef,
  document: RemoteDocument,
  members: ReadonlyMap<string, TypeRef>,
): void {
  const member = memberOf(template);
  if (member !== null) {
    const found = members.get(member);
    if (!found) throw refused(`variable "$${member}" not found`);
    assertFits(found, type, document);
    return;
  }
  if (template === null) throw refused('null is not allowed here');
  if (Array.isArray(template)) {
    if (type.kind !== 'list') throw refused(`expected type "${showType(type)}", but got a list`);
    if (template.length > 1) throw refused('multiple elements in list value is not supported');
    for (const item of template as readonly Json[]) assertTemplate(item, type.of, document, members);
    return;
  }
  const named = baseName(type);
  const found = document.types.get(named);
  if (isTemplateObject(template)) {
    if (found?.kind !== 'input') {
      if (found?.kind === 'scalar') return;
      throw refused(`expected type "${named}", but got an object`);
    }
    for (const [name, value] of Object.entries(template)) {
      const input = found.fields.get(name);
      if (!input) throw refused(`argument with name "${name}" not found in remote schema`);
      assertTemplate(value, input.type, document, members);
    }
    return;
  }
  const fits = literals[named]?.(template) ?? fitsOther(template, found);
  if (!fits) throw refused(`expected type "${named}", but got ${JSON.stringify(template)}`);
}

const isWhole = (value: Json): boolean => typeof value === 'number' && Number.isInteger(value);

const literals: Readonly<Record<string, (value: Json) => boolean>> = {
  Int: isWhole,
  Float: value => typeof value === 'number',
  Boolean: value => typeof value === 'boolean',
  String: value => typeof value === 'string',
  ID: value => typeof value === 'string' || isWhole(value),
};

function fitsOther(template: Json, type: ReturnType<RemoteDocument['types']['get']>): boolean {
  if (type?.kind === 'enum') return typeof template === 'string' && type.values.has(template);
  return type?.kind !== 'input';
}

const idTypes: ReadonlySet<string> = new Set(['ID', 'Int', 'String', 'uuid', 'bigint']);

/** One value may stand where a list is wanted, as GraphQL has it. @throws {HasuraError} */
function assertFits(given: TypeRef, wanted: TypeRef, document: RemoteDocument): void {
  if (given.kind === 'list') {
    if (wanted.kind !== 'list')
      throw refused(`expected type "${showType(wanted)}", but got a list of "${baseName(given)}"`);
    assertFits(given.of, wanted.of, document);
    return;
  }
  const [own, other] = [given.name, baseName(wanted)];
  if (own === other) return;
  if (other === 'ID') {
    if (idTypes.has(own)) return;
    throw refused(
      `Only ID, Int, uuid or String scalar types can be joined to the ID type, but received "${own}"`,
    );
  }
  // Scalars that only the remote schema knows, and the names of enums' values, come from any type.
  const found = document.types.get(other);
  if (!(other in literals) && (found?.kind === 'scalar' || found?.kind === 'enum')) return;
  throw refused(`expected type "${other}", but got "${own}"`);
}

function refused(message: string): HasuraError {
  return new HasuraError('validation-failed', message);
}
