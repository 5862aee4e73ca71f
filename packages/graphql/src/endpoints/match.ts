/** Which endpoint a path is of, and the variables that path, query and body give. Pure. */
import type { TypeNode } from 'graphql/language/index.js';
import { parseJson } from '../ir/json.ts';
import type { EndpointModel } from '../model/types.ts';

export interface Matched {
  readonly endpoint: EndpointModel;
  /** From the path. */
  readonly parameters: ReadonlyMap<string, string>;
}

export type Match = Matched | { readonly allowed: readonly string[] } | null;

/** Endpoints of the path; where only other methods are served, which. Null for a path that is none's. */
export function matchEndpoint(
  endpoints: readonly EndpointModel[],
  segments: readonly string[],
  method: string,
): Match {
  const ofPath = endpoints.flatMap(endpoint => {
    const parameters = parametersOf(endpoint, segments);
    return parameters ? [{ endpoint, parameters }] : [];
  });
  const found = ofPath.find(({ endpoint }) => endpoint.methods.includes(method));
  if (found) return found;
  return ofPath.length > 0 ? { allowed: ofPath.flatMap(({ endpoint }) => endpoint.methods) } : null;
}

function parametersOf(
  { segments }: EndpointModel,
  given: readonly string[],
): ReadonlyMap<string, string> | null {
  if (segments.length !== given.length) return null;
  const parameters = new Map<string, string>();
  for (const [i, segment] of segments.entries()) {
    if (segment.startsWith(':')) parameters.set(segment.slice(1), given[i]!);
    else if (segment !== given[i]) return null;
  }
  return parameters;
}

/** Of the operation's variables those that are given; texts by their types. */
export function variablesOf(
  { endpoint, parameters }: Matched,
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  for (const { variable, type } of endpoint.operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    const text = parameters.get(name) ?? query.get(name) ?? undefined;
    if (Object.hasOwn(body, name)) variables[name] = body[name];
    else if (text !== undefined) variables[name] = readText(text, type);
  }
  return variables;
}

function readText(text: string, type: TypeNode): unknown {
  if (type.kind === 'NonNullType') return readText(text, type.type);
  if (type.kind === 'NamedType' && ['String', 'ID'].includes(type.name.value)) return text;
  const value = jsonOf(text);
  const isOfJson = type.kind === 'ListType' || ['Int', 'Float', 'Boolean'].includes(type.name.value);
  // PostgreSQL reads its own types from text: digits are no number yet.
  return isOfJson || (value !== null && typeof value === 'object') ? value : text;
}

/** JSON, or the text itself where it is none. */
function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
