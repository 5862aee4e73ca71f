/** Operations that roles may run, where there is a list: compared without `__typename` and however they are written. */
import { Kind, type OperationDefinitionNode, parse, print, visit } from 'graphql/language/index.js';
import { adminRole } from '../auth/types.ts';
import type { Metadata } from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';

export interface Allowlist {
  /** @throws {HasuraError} for an operation that is on no list of the role's */
  assertAllowed(query: string, role: string): void;
}

interface Scope {
  readonly global: boolean;
  readonly roles?: readonly string[];
}

/** Pure; the lists are made when first looked at. */
export function createAllowlist({
  allowlist = [],
  query_collections: collections = [],
}: Metadata): Allowlist {
  const lists = new Map<string, ReadonlySet<string>>();
  const listOf = (role: string): ReadonlySet<string> => {
    let list = lists.get(role);
    if (!list) {
      const names = allowlist
        .filter(({ scope }) => {
          const { global, roles = [] } = (scope ?? { global: true }) as unknown as Scope;
          return global || roles.includes(role);
        })
        .map(({ collection }) => collection);
      const queries = collections
        .filter(({ name }) => names.includes(name))
        .flatMap(({ definition }) => definition.queries.flatMap(({ query }) => normalize(query) ?? []));
      list = new Set(queries);
      lists.set(role, list);
    }
    return list;
  };
  return {
    assertAllowed(query, role) {
      if (role === adminRole) return;
      const normalized = normalize(query);
      // What is no GraphQL is told as that, by whoever parses it next.
      if (normalized === null || listOf(role).has(normalized)) return;
      throw new HasuraError('validation-failed', 'query is not allowed');
    },
  };
}

/** An operation is the same under whatever name. */
function withoutName({ name: _, ...operation }: OperationDefinitionNode): OperationDefinitionNode {
  return operation;
}

function normalize(query: string): string | null {
  try {
    const document = visit(parse(query, { noLocation: true, maxTokens: 50_000 }), {
      Field: node => (node.name.value === '__typename' ? null : undefined),
    });
    return document.definitions
      .map(each => (each.kind === Kind.OPERATION_DEFINITION ? print(withoutName(each)) : print(each)))
      .join('\n');
  } catch {
    return null;
  }
}
