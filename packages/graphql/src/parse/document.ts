/** Text becomes a document, and a document the one operation that is asked for. Pure. */
import { GraphQLError } from 'graphql/error/index.js';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql/language/index.js';
import type { LimitsConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';
import { assertWithinLimits } from './limits.ts';

export interface Operation {
  readonly definition: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** The document's text, for logs and for what is remembered of it. */
  readonly text: string;
}

/** @throws {HasuraError} for what is no GraphQL, names no operation of it, or is too much */
export function parseOperation(text: string, operationName: string | null, limits: LimitsConfig): Operation {
  const document = parseDocument(text, limits);
  const definition = pickOperation(document, operationName);
  assertWithinLimits(document, definition.selectionSet, limits);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const each of document.definitions) {
    if (each.kind !== Kind.FRAGMENT_DEFINITION) continue;
    if (fragments.has(each.name.value))
      throw new HasuraError('parse-failed', `multiple definitions for fragment "${each.name.value}"`);
    fragments.set(each.name.value, each);
  }
  return { definition, fragments, text };
}

function parseDocument(text: string, { maxTokens, maxDepth }: LimitsConfig): DocumentNode {
  assertNesting(text, maxDepth * 8);
  try {
    return parse(text, { noLocation: true, maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new HasuraError('validation-failed', 'not a valid graphql query', {
      path: ['query'],
      cause: error,
    });
  }
}

/** Brackets nested deeper than any operation is would take the parser's stack: they are counted before. */
function assertNesting(text: string, max: number): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7b || code === 0x5b || code === 0x28) {
      if (++depth > max)
        throw new HasuraError('validation-failed', 'not a valid graphql query', { path: ['query'] });
    } else if (code === 0x7d || code === 0x5d || code === 0x29) depth--;
  }
}

function pickOperation(document: DocumentNode, name: string | null): OperationDefinitionNode {
  const operations = document.definitions.flatMap(each =>
    each.kind === Kind.OPERATION_DEFINITION ? [each] : [],
  );
  if (name !== null) {
    if (operations.some(each => !each.name))
      throw new HasuraError(
        'validation-failed',
        'operationName cannot be used when an anonymous operation exists in the document',
      );
    const found = operations.find(each => each.name?.value === name);
    if (found) return found;
    throw new HasuraError('validation-failed', `no such operation found in the document: "${name}"`);
  }
  if (operations.length === 1) return operations[0]!;
  throw new HasuraError(
    'validation-failed',
    'exactly one operation has to be present in the document when operationName is not specified',
  );
}
