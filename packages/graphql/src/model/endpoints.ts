/** REST endpoints with their queries; what cannot be served is told as an inconsistency. Pure. */
import { Kind, type OperationDefinitionNode, parse } from 'graphql/language/index.js';
import type { Metadata, RestEndpoint } from '../definition/metadata.ts';
import type { EndpointModel, Inconsistency } from './types.ts';

const method: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

export function buildEndpoints(
  metadata: Metadata,
  inconsistencies: Inconsistency[],
): readonly EndpointModel[] {
  const endpoints: EndpointModel[] = [];
  for (const endpoint of metadata.rest_endpoints ?? []) {
    const made = buildEndpoint(metadata, endpoint);
    if (typeof made !== 'string') endpoints.push(made);
    else
      inconsistencies.push({
        type: 'rest_endpoint',
        name: `rest_endpoint ${endpoint.name}`,
        reason: made,
        definition: { ...endpoint, comment: endpoint.comment ?? null },
        object: { kind: 'other', section: 'rest_endpoints', name: endpoint.name },
      });
  }
  return withoutAmbiguous(endpoints, inconsistencies);
}

/** Or why there is none. */
function buildEndpoint(metadata: Metadata, endpoint: RestEndpoint): EndpointModel | string {
  const { name, url, methods, definition } = endpoint;
  const segments = url.split('/');
  if (segments.some(segment => segment === '' || segment === ':'))
    return `Empty segments or unnamed variables are not allowed: ${url}`;
  const names = segments.filter(segment => segment.startsWith(':'));
  if (new Set(names).size < names.length) return `Duplicate variables found in endpoint path: ${url}`;
  const { collection_name: collection, query_name: queryName } = definition.query;
  const queries = metadata.query_collections?.find(each => each.name === collection)?.definition.queries;
  if (!queries)
    return `Inconsistent object: in endpoint ${name}: query collection with name "${collection}" does not exist`;
  const query = queries.find(each => each.name === queryName)?.query;
  if (query === undefined)
    return `Inconsistent object: in endpoint ${name}: query with name "${queryName}" does not exist in query collection ${collection}`;
  const operation = operationOf(query);
  if (!operation)
    return `Inconsistent object: in endpoint ${name}: query with name ${queryName} has no single definition.`;
  if (operation.operation === 'subscription')
    return `Inconsistent object: in endpoint ${name}: query with name ${queryName} is a subscription`;
  return {
    name,
    url,
    segments,
    methods: methods.filter(each => method.has(each)),
    query,
    operation,
    comment: endpoint.comment ?? null,
  };
}

function operationOf(text: string): OperationDefinitionNode | null {
  try {
    const operations = parse(text, { noLocation: true }).definitions.flatMap(each =>
      each.kind === Kind.OPERATION_DEFINITION ? [each] : [],
    );
    return operations.length === 1 ? operations[0]! : null;
  } catch {
    // No GraphQL, which is told as what it is: no operation.
    return null;
  }
}

/** Two paths that one request can fit both of are served neither. */
function withoutAmbiguous(
  endpoints: readonly EndpointModel[],
  inconsistencies: Inconsistency[],
): readonly EndpointModel[] {
  const wrong = new Set<EndpointModel>();
  for (const endpoint of [...endpoints].reverse()) {
    if (wrong.has(endpoint)) continue;
    const others = endpoints.filter(each => each !== endpoint && overlap(each, endpoint));
    if (others.length === 0) continue;
    const all = [endpoint, ...others].sort((a, b) => (a.url < b.url ? -1 : 1));
    for (const each of all) wrong.add(each);
    inconsistencies.push({
      reason: `Ambiguous URL paths: ${all.map(({ url }) => url).join(', ')}`,
      conflicts: all.map(({ name, url, methods, query, comment }) => ({
        definition: { query },
        url,
        methods,
        name,
        comment,
      })),
      object: { kind: 'other', section: 'rest_endpoints', name: endpoint.name },
    });
  }
  return endpoints.filter(each => !wrong.has(each));
}

function overlap(a: EndpointModel, b: EndpointModel): boolean {
  return (
    a.segments.length === b.segments.length &&
    a.methods.some(each => b.methods.includes(each)) &&
    a.segments.every((segment, i) => {
      const other = b.segments[i]!;
      return segment === other || segment.startsWith(':') || other.startsWith(':');
    })
  );
}
