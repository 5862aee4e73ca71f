/** From a request's text to a plan: parse, resolve against the role's schema, plan, write SQL. Pure, and in slices. */

import type { GraphqlConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';
import { introspect } from '../introspect/introspect.ts';
import { writeService } from '../introspect/sdl.ts';
import type { MutationPlan } from '../ir/mutation.ts';
import type { ReadRoot } from '../ir/select.ts';
import type { Model } from '../model/types.ts';
import { parseOperation } from '../parse/document.ts';
import { planAction, planAsyncResult } from '../plan/actions.ts';
import { type Carriers, createCarriers } from '../plan/carriers.ts';
import type { PlanContext } from '../plan/context.ts';
import { planEntities } from '../plan/federation.ts';
import { planInsert } from '../plan/insert.ts';
import { planJoins } from '../plan/joins.ts';
import { planNode, readNodeId, sourceOfNode } from '../plan/relay.ts';
import { planRemote } from '../plan/remote.ts';
import { planReadRoot } from '../plan/roots.ts';
import { planFields } from '../plan/select.ts';
import { planDelete, planUpdate, planUpdateByKey, planUpdateMany } from '../plan/update.ts';
import { readDirectives } from '../resolve/directives.ts';
import { assertVariables, type ResolvedField, resolveRoot, usedVariables } from '../resolve/selection.ts';
import { bindVariables } from '../resolve/variables.ts';
import type { FieldMeaning } from '../schema/meaning.ts';
import { mutationStatements } from '../sql/mutation.ts';
import { batchStatement, readStatement } from '../sql/statement.ts';
import { tagStatements } from './queryTags.ts';
import type { SchemaOfRole, Snapshot } from './snapshot.ts';
import type {
  ExecutablePlan,
  GraphqlRequest,
  OperationKind,
  PlannedCall,
  PlannedRoot,
  PlannedStatement,
  StatementGroup,
} from './types.ts';

export interface PlannedOperation {
  readonly plan: ExecutablePlan;
  /** Values of variables that decided over it. */
  readonly structural: readonly (readonly (string | number)[])[];
}

/** Yields between parts of what is large. @throws {HasuraError} */
export function* planOperation(
  request: GraphqlRequest,
  of: SchemaOfRole,
  { model }: Snapshot,
  config: GraphqlConfig,
): Generator<void, PlannedOperation> {
  const operation = parseOperation(request.query, request.operationName, config.limits);
  yield;
  const structural: (readonly (string | number)[])[] = [];
  const variables = bindVariables(operation.definition, request.variables, {
    allowsNull: config.allowsNullVariables,
  });
  const used = usedVariables(operation);
  assertVariables(used, variables, request.variables);
  const context = {
    schema: of.schema,
    operation,
    variables,
    nullsUnbound: !config.experimentalFeatures.has('no_null_unbound_variable_default'),
    onStructural: (path: readonly (string | number)[]) => void structural.push(path),
  };
  const kind = operation.definition.operation as OperationKind;
  const directives = readDirectives(operation.definition.directives, locations[kind], context, []);
  const root = rootType(kind, of);
  const fields = yield* resolveRoot(context, root);
  if (kind !== 'mutation') assertRoots(fields.length, config.limits.maxRootFields);
  if (kind === 'subscription') assertOneRoot(fields, directives.multipleRoots ?? false);
  const builder = new GroupBuilder(config.limits.maxAnswerBytes);
  const calls: PlannedCall[] = [];
  const contexts: PlanContexts = {
    kind,
    operationName: operation.definition.name?.value ?? null,
    calls,
    text: request.query,
    model,
    onStructural: context.onStructural,
    of: source => ({
      model,
      source: model.sources.get(source)!,
      view: of.view,
      stringifyNumericTypes: config.stringifyNumericTypes,
      maxAnswerBytes: config.limits.maxAnswerBytes,
      onStructural: context.onStructural,
    }),
  };
  const roots: PlannedRoot[] = [];
  for (const field of fields) {
    roots.push(yield* planRoot(field, root, of, contexts, builder));
    yield;
  }
  const tagged = {
    operationName: operation.definition.name?.value ?? null,
    query: request.query,
    fields: fields.map(({ def }) => def.name),
  };
  const groups = builder
    // What is joined is each subscriber's own.
    .finish(calls.length > 0 ? 'query' : kind, model)
    .map(group => tagStatements(group, model.sources.get(group.source)?.metadata, tagged));
  return { plan: { kind, roots, groups, calls, cached: directives.cached ?? null }, structural };
}

/** Each is a column of one row, and a list of its own that the database holds until the last is made. */
function assertRoots(count: number, max: number): void {
  if (count > max)
    throw new HasuraError('validation-failed', `the operation selects more than ${max} root fields`, {
      path: ['selectionSet'],
    });
}

const locations = { query: 'QUERY', mutation: 'MUTATION', subscription: 'SUBSCRIPTION' } as const;

function rootType(kind: OperationKind, { schema }: SchemaOfRole): string {
  const root = schema[kind];
  if (root === null)
    throw new HasuraError(
      'validation-failed',
      kind === 'mutation' ? 'no mutations exist' : 'no such operation',
      { path: [] },
    );
  return root;
}

/** A source's namespace is one field, however many are allowed. */
function assertOneRoot(fields: readonly ResolvedField[], isAllowed: boolean): void {
  const isNamespaced = fields.some(({ def }) => def.means.kind === 'namespace');
  if (fields.length > 1 && (!isAllowed || isNamespaced))
    throw new HasuraError('validation-failed', 'subscriptions must select one top level field');
}

/** @throws {HasuraError} for a role that the metadata keeps from it */
function assertIntrospects({ metadata }: Model, role: string): void {
  if (metadata.graphql_schema_introspection?.disabled_for_roles.includes(role))
    throw new HasuraError('access-denied', `introspection is disabled for role "${role}"`);
}

/** Planners' contexts by source, and what they share. */
interface PlanContexts extends Pick<PlanContext, 'model' | 'onStructural'> {
  /** What is answered elsewhere, as it is found. */
  readonly calls: PlannedCall[];
  readonly kind: OperationKind;
  readonly operationName: string | null;
  /** The operation as it came. */
  readonly text: string;
  of(source: string): PlanContext;
}

/** The source whose database a root field is read from; null for what needs none. */
function sourceOf(means: FieldMeaning): string | null {
  return 'table' in means && means.table !== null ? means.table.source : null;
}

function* planRoot(
  field: ResolvedField,
  typeName: string,
  of: SchemaOfRole,
  contexts: PlanContexts,
  builder: GroupBuilder,
): Generator<void, PlannedRoot> {
  const { alias, def } = field;
  switch (def.means.kind) {
    case 'typename':
      return { alias, from: { kind: 'constant', json: JSON.stringify(typeName) } };
    case 'noQueries':
      return {
        alias,
        from: { kind: 'constant', json: '"There are no queries available to the current role."' },
      };
    case 'introspectSchema':
    case 'introspectType':
      assertIntrospects(contexts.model, of.view.role);
      return { alias, from: { kind: 'slow', write: budget => introspect(field, of.schema, budget) } };
    case 'namespace': {
      const fields = field.selection?.kind === 'object' ? field.selection.fields : [];
      const type = field.selection?.kind === 'object' ? field.selection.type : '';
      const roots: PlannedRoot[] = [];
      for (const each of fields) roots.push(yield* planRoot(each, type, of, contexts, builder));
      return { alias, from: { kind: 'namespace', roots } };
    }
    case 'service':
      return { alias, from: { kind: 'slow', write: budget => writeService(field, of.schema, budget) } };
    case 'entities': {
      const reads = planEntities(field, def.means.entities, contexts.of);
      const items = reads.map(({ source, root }) => builder.addRead(source, root, false));
      return withJoins(field, { kind: 'list', items }, contexts);
    }
    case 'node': {
      const id = readNodeId(field, contexts.onStructural);
      const { name } = sourceOfNode(id, field, contexts.model);
      const root = planNode(contexts.of(name), field, id, planFields);
      return { alias, from: builder.addRead(name, root, false) };
    }
    case 'action': {
      const { action } = def.means;
      return called(
        alias,
        planAction(field, action, contexts.model.customTypes, contexts.text, contexts.of),
        contexts,
      );
    }
    case 'remote': {
      const { kind, operationName } = contexts;
      if (kind === 'subscription')
        throw new HasuraError('not-supported', 'subscription to remote server is not supported');
      const joins = planJoins(field.selection, contexts.of);
      return called(alias, planRemote(field, def.means.schema, kind, operationName, joins), contexts);
    }
    case 'asyncResult':
      return called(alias, planAsyncResult(field, def.means.action, contexts.of), contexts);
    default: {
      const source = sourceOf(def.means);
      if (source === null) throw new TypeError(`${def.name} is no root field`);
      const from = yield* planTableRoot(contexts.of(source), field, source, builder);
      return withJoins(field, from, contexts);
    }
  }
}

/** With what is joined to it from elsewhere, where anything is. */
function withJoins(
  { alias, selection }: ResolvedField,
  from: PlannedRoot['from'],
  contexts: PlanContexts,
): PlannedRoot {
  const joins = planJoins(selection, contexts.of);
  return joins ? called(alias, { kind: 'joined', from, joins }, contexts) : { alias, from };
}

/** A root field that is answered elsewhere. Its plan holds the values of this request, and so is nobody else's. */
function called(alias: string, call: PlannedCall, { calls, onStructural }: PlanContexts): PlannedRoot {
  onStructural([]);
  return { alias, from: { kind: 'call', call: calls.push(call) - 1 } };
}

/** A root field of a table or function: a read, or a write with what it shows. */
function* planTableRoot(
  context: PlanContext,
  field: ResolvedField,
  source: string,
  builder: GroupBuilder,
): Generator<void, PlannedRoot['from']> {
  const { means } = field.def;
  switch (means.kind) {
    case 'insert':
    case 'insertOne': {
      const isOne = means.kind === 'insertOne';
      const plan = yield* planInsert(context, field, means.table, isOne, builder.carriers);
      return yield* builder.addWrite(source, plan);
    }
    case 'update':
      return yield* builder.addWrite(source, planUpdate(context, field, means.table, builder.carriers));
    case 'updateByPk':
      return yield* builder.addWrite(source, planUpdateByKey(context, field, means.table, builder.carriers));
    case 'updateMany': {
      const items: PlannedRoot['from'][] = [];
      for (const plan of yield* planUpdateMany(context, field, means.table, builder.carriers))
        items.push(yield* builder.addWrite(source, plan));
      return { kind: 'list', items };
    }
    case 'delete':
    case 'deleteByPk': {
      const isOne = means.kind === 'deleteByPk';
      return yield* builder.addWrite(
        source,
        planDelete(context, field, means.table, isOne, builder.carriers),
      );
    }
    default: {
      const writes = means.kind === 'function' && means.function.exposedAs === 'mutation';
      return builder.addRead(source, planReadRoot(context, field), writes);
    }
  }
}

/** Collects statements by source: reads of one source are columns of one statement, writes follow one another. */
class GroupBuilder {
  readonly carriers: Carriers = createCarriers();
  readonly #groups: {
    readonly source: string;
    readonly roots: ReadRoot[];
    readonly statements: PlannedStatement[];
    writes: boolean;
  }[] = [];
  readonly #maxAnswerBytes: number;

  constructor(maxAnswerBytes: number) {
    this.#maxAnswerBytes = maxAnswerBytes;
  }

  addRead(source: string, root: ReadRoot, writes: boolean): PlannedRoot['from'] {
    const { group, index } = this.#group(source);
    if (writes) {
      group.writes = true;
      return {
        kind: 'cell',
        group: index,
        statement: group.statements.push({ ...readStatement([root], this.#maxAnswerBytes), path: [] }) - 1,
        column: 0,
      };
    }
    return { kind: 'cell', group: index, statement: -1, column: group.roots.push(root) - 1 };
  }

  *addWrite(source: string, plan: MutationPlan): Generator<void, PlannedRoot['from']> {
    const { group, index } = this.#group(source);
    group.writes = true;
    group.statements.push(...(yield* mutationStatements(plan, this.#maxAnswerBytes)));
    return { kind: 'cell', group: index, statement: group.statements.length - 1, column: 0 };
  }

  #group(source: string) {
    let index = this.#groups.findIndex(group => group.source === source);
    if (index < 0) index = this.#groups.push({ source, roots: [], statements: [], writes: false }) - 1;
    return { group: this.#groups[index]!, index };
  }

  /** The statement of the reads is the last of its group; -1 stands for it. A subscription's is that of all who subscribe alike. */
  finish(kind: OperationKind, { sources }: Pick<Model, 'sources'>): readonly StatementGroup[] {
    if (kind === 'subscription' && this.#groups.length > 1)
      throw new HasuraError('not-supported', 'subscriptions over several sources are not supported');
    const write = kind === 'subscription' ? batchStatement : readStatement;
    return this.#groups.map(({ source, roots, statements, writes }) => {
      const all =
        roots.length > 0 ? [...statements, { ...write(roots, this.#maxAnswerBytes), path: [] }] : statements;
      const aware = [...(sources.get(source)?.sessionAware ?? [])];
      const readsSession = all.some(({ text }) => aware.some(name => text.includes(name)));
      return { source, statements: all, writes, readsSession };
    });
  }
}
