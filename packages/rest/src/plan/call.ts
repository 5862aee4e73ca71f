/**
 * Planning function calls: which overload is meant, and how its arguments arrive.
 * @see https://docs.postgrest.org/en/stable/references/api/functions.html
 */
import { type Catalog, key, type QualifiedName, type Routine } from '@peakstone/kernel/catalog';
import { schemaCacheErrors } from '../errors.ts';
import type { MediaType } from '../parse/media.ts';
import { returnedColumns } from './returning.ts';
import type { CallArguments, CallPlan, Condition, ReadNode, ReadPlan } from './types.ts';

export interface CallRequest {
  readonly schema: string;
  readonly name: string;
  /** Names of the arguments given, sorted, each once. */
  readonly argumentKeys: readonly string[];
  readonly contentType: MediaType;
  readonly isPost: boolean;
  /** `Prefer: params=single-object`, which clients of PostgREST 12 may send: a json body may be a named parameter. */
  readonly isSingleObject?: boolean;
}

/**
 * Chooses the function of that name whose parameters fit the arguments given; failing that, by POST, the one that takes
 * the whole body as its single parameter, which has no name unless the request asks for a single object. Pure.
 * @throws {RestError} PGRST202 when none fits, PGRST203 when several do.
 */
export function findRoutine(catalog: Catalog, request: CallRequest): Routine {
  const overloads = [...(catalog.routines.get(key(request.schema, request.name)) ?? [])].sort(byParameters);
  const given = new Set(request.argumentKeys);
  const named = overloads.filter(routine => fits(routine, given, request));
  const [first] = named;
  if (first && named.length === 1) return first;
  if (named.length > 1) throw schemaCacheErrors.ambiguousRoutine(named);
  const whole = overloads.filter(routine => takesBody(routine, request));
  const [only] = whole;
  if (only && whole.length === 1) return only;
  if (whole.length > 1) throw schemaCacheErrors.ambiguousRoutine(whole);
  const { schema, name, argumentKeys, contentType, isPost } = request;
  const bodyType = isPost ? (WHOLE_BODY[contentType.kind] ?? null) : null;
  throw schemaCacheErrors.noRoutine({ schema, name, argumentKeys, bodyType, overloads }, catalog);
}

/** Fewest parameters first, then by comment and parameters: the order in which candidates are listed. */
function byParameters(a: Routine, b: Routine): number {
  const shorter = a.parameters.length - b.parameters.length;
  if (shorter !== 0) return shorter;
  const text = ({ comment, parameters }: Routine): string =>
    JSON.stringify([comment === null ? [] : [comment], parameters.map(each => [each.name, each.type])]);
  return text(a) < text(b) ? -1 : 1;
}

function fits(
  { parameters }: Routine,
  given: ReadonlySet<string>,
  { isPost, contentType }: CallRequest,
): boolean {
  if (parameters.length === 0) return given.size === 0 && !(isPost && isRaw(contentType));
  let required = 0;
  let known = 0;
  for (const parameter of parameters) {
    if (given.has(parameter.name)) known++;
    else if (parameter.required) return false;
    if (parameter.required) required++;
  }
  return known === given.size && known >= required;
}

const isRaw = ({ kind }: MediaType): boolean => kind === 'octets' || kind === 'text' || kind === 'xml';

/** Types of the one parameter that takes the whole body, by what the body is. */
const WHOLE_BODY: Partial<Readonly<Record<MediaType['kind'], string>>> = {
  json: 'json/jsonb',
  text: 'text',
  xml: 'xml',
  octets: 'bytea',
};

/** The same by type. */
const BODY_TYPES: Readonly<Record<string, MediaType['kind']>> = {
  json: 'json',
  jsonb: 'json',
  text: 'text',
  xml: 'xml',
  bytea: 'octets',
};

function takesBody(
  { parameters }: Routine,
  { isPost, contentType, isSingleObject = false }: CallRequest,
): boolean {
  const [only] = parameters;
  if (!isPost || parameters.length !== 1 || !only) return false;
  if (only.name !== '' && !(isSingleObject && contentType.kind === 'json')) return false;
  return BODY_TYPES[only.type] === contentType.kind;
}

/** The relation whose row type a routine returns, in the routine's own schema; else the routine's name. */
export function resultName(routine: Routine): QualifiedName {
  const { kind, type } = routine.returns;
  return { schema: routine.schema, name: kind === 'composite' ? type.name : routine.name };
}

/** Arguments by name; what repeats goes to a variadic parameter together, else the last one counts. */
export function directArguments(
  routine: Routine,
  pairs: readonly (readonly [string, string])[],
): CallArguments {
  const variadic = new Set(
    routine.parameters.filter(parameter => parameter.variadic).map(({ name }) => name),
  );
  const values = new Map<string, string | readonly string[]>();
  for (const [name, value] of pairs) {
    if (!variadic.has(name)) {
      values.set(name, value);
      continue;
    }
    const before = values.get(name);
    values.set(name, Array.isArray(before) ? [...before, value] : [value]);
  }
  return { kind: 'direct', values };
}

export function planCall(
  routine: Routine,
  argumentKeys: readonly string[],
  args: CallArguments,
  read: ReadPlan,
): CallPlan {
  const given = new Set(argumentKeys);
  const [only] = routine.parameters;
  // A function that was not found by the names given was found because it takes the body as it is.
  const isNamed = argumentKeys.every(name => name === only?.name) && (given.size === 1 || !only?.required);
  const parameters: CallPlan['parameters'] =
    routine.parameters.length === 1 && only && (only.name === '' || !isNamed)
      ? { kind: 'unnamed', type: only.type }
      : { kind: 'named', list: routine.parameters.filter(parameter => given.has(parameter.name)) };
  return {
    routine,
    parameters,
    arguments: args,
    returnsScalar: !routine.returns.setof && routine.returns.kind !== 'composite',
    returnsSetOfScalar: routine.returns.setof && routine.returns.kind !== 'composite',
    returning: returnedColumns(read, []),
    filterFields: filterFields(read.root),
  };
}

/** Names in the conditions of all levels: the function's result must still hold them when the read filters it. */
function filterFields(node: ReadNode): readonly string[] {
  const names = new Set<string>();
  const collect = (condition: Condition): void => {
    switch (condition.kind) {
      case 'filter':
        names.add(condition.field.name);
        break;
      case 'columns':
        names.add(condition.left.name).add(condition.right.name);
        break;
      case 'logic':
        condition.conditions.forEach(collect);
        break;
      case 'nullEmbed':
        break;
    }
  };
  node.where.forEach(collect);
  return [...names];
}
