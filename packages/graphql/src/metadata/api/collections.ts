/** Query collections, and which of them are on the allow list. */
import { compact } from '../../definition/edit.ts';
import type { AllowlistEntry, Metadata, QueryCollection } from '../../definition/metadata.ts';
import { HasuraError, type Path } from '../../errors.ts';
import { type Args, type CommandContext, type CommandTable, success } from './command.ts';

type Queries = QueryCollection['definition']['queries'];

function withCollections({ staged }: CommandContext, list: readonly QueryCollection[]): void {
  staged.stage(
    compact({ ...staged.metadata, query_collections: list.length > 0 ? list : undefined } as Metadata),
  );
}

function withAllowlist({ staged }: CommandContext, list: readonly AllowlistEntry[]): void {
  staged.stage(compact({ ...staged.metadata, allowlist: list.length > 0 ? list : undefined } as Metadata));
}

function collectionsOf({ staged }: CommandContext): readonly QueryCollection[] {
  return staged.metadata.query_collections ?? [];
}

/** @throws {HasuraError} not-exists */
function collectionOf(context: CommandContext, name: string): QueryCollection {
  const found = collectionsOf(context).find(each => each.name === name);
  if (!found)
    throw new HasuraError('not-exists', `query collection with name "${name}" does not exist`, {
      path: ['args'],
    });
  return found;
}

/** @throws {HasuraError} for an empty name */
export function nonEmpty(args: Args, name: string): string {
  const text = args.text(name);
  if (text === '') throw new HasuraError('parse-failed', 'empty string not allowed', { path: [name] });
  return text;
}

function withQueries(context: CommandContext, name: string, change: (queries: Queries) => Queries): void {
  collectionOf(context, name);
  withCollections(
    context,
    collectionsOf(context).map(each =>
      each.name === name
        ? { ...each, definition: { ...each.definition, queries: change(each.definition.queries) } }
        : each,
    ),
  );
}

function refused(message: string, path: Path): HasuraError {
  return new HasuraError('parse-failed', message, { path });
}

/** @throws {HasuraError} for what is no scope */
function readScope(given: unknown): NonNullable<AllowlistEntry['scope']> {
  const path = ['args', 'scope'];
  const { global, roles } = (given ?? {}) as { readonly global?: unknown; readonly roles?: unknown };
  if (typeof global !== 'boolean') throw refused('key "global" not found', path);
  if (global) {
    if (roles !== undefined) throw refused('roles are not allowed when global is true', path);
    return { global };
  }
  if (!Array.isArray(roles)) throw refused('key "roles" not found', path);
  if (roles.length === 0) throw refused('parsing NonEmpty failed, unexpected empty list', [...path, 'roles']);
  return { global, roles: roles as string[] };
}

function collectionName(args: Args): string {
  const name = args.optional<string>('collection');
  if (name === undefined) throw refused('key "collection" not found', ['args']);
  return name;
}

function assertListed({ staged }: CommandContext, collection: string): void {
  if (!(staged.metadata.allowlist ?? []).some(each => each.collection === collection))
    throw new HasuraError('not-found', `collection "${collection}" doesn't exist in the allowlist`, {
      path: ['args'],
      status: 400,
    });
}

export const collectionCommands: CommandTable = {
  create_query_collection(args, context) {
    const name = nonEmpty(args, 'name');
    const definition = args.required<QueryCollection['definition']>('definition');
    if (collectionsOf(context).some(each => each.name === name))
      throw new HasuraError('already-exists', `query collection with name "${name}" already exists`, {
        path: ['args'],
      });
    const comment = args.optional<string>('comment');
    withCollections(context, [
      ...collectionsOf(context),
      compact({ name, definition, comment }) as QueryCollection,
    ]);
    return success;
  },
  rename_query_collection(args, context) {
    const name = args.text('name');
    const newName = nonEmpty(args, 'new_name');
    collectionOf(context, name);
    if (collectionsOf(context).some(each => each.name === newName))
      throw new HasuraError('already-exists', `query collection with name "${newName}" already exists`, {
        path: ['args'],
      });
    withCollections(
      context,
      collectionsOf(context).map(each => (each.name === name ? { ...each, name: newName } : each)),
    );
    return success;
  },
  drop_query_collection(args, context) {
    const name = args.text('collection');
    collectionOf(context, name);
    const { staged } = context;
    const isListed = (staged.metadata.allowlist ?? []).some(each => each.collection === name);
    if (isListed && !args.flag('cascade'))
      throw new HasuraError(
        'dependency-error',
        `query collection with name "${name}" is present in the allowlist; cannot proceed to drop. please use cascade to confirm the drop`,
        { path: ['args'] },
      );
    if (isListed)
      withAllowlist(
        context,
        (staged.metadata.allowlist ?? []).filter(each => each.collection !== name),
      );
    withCollections(
      context,
      collectionsOf(context).filter(each => each.name !== name),
    );
    return success;
  },
  add_query_to_collection(args, context) {
    const collection = args.text('collection_name');
    const name = args.text('query_name');
    const query = args.text('query');
    withQueries(context, collection, queries => {
      if (queries.some(each => each.name === name))
        throw new HasuraError(
          'already-exists',
          `query with name "${name}" already exists in collection "${collection}"`,
          { path: ['args'] },
        );
      return [...queries, { name, query }];
    });
    return success;
  },
  drop_query_from_collection(args, context) {
    const collection = args.text('collection_name');
    const name = args.text('query_name');
    withQueries(context, collection, queries => {
      if (!queries.some(each => each.name === name))
        throw new HasuraError(
          'not-found',
          `query with name "${name}" not found in collection "${collection}"`,
          { path: ['args'], status: 400 },
        );
      return queries.filter(each => each.name !== name);
    });
    return success;
  },
  add_collection_to_allowlist(args, context) {
    const collection = collectionName(args);
    const given = args.optional<unknown>('scope');
    const scope = given === undefined ? { global: true } : readScope(given);
    collectionOf(context, collection);
    const list = context.staged.metadata.allowlist ?? [];
    const known = list.find(each => each.collection === collection);
    if (!known) {
      withAllowlist(context, [...list, { collection, scope }]);
      return success;
    }
    const isSame = JSON.stringify(known.scope ?? { global: true }) === JSON.stringify(scope);
    return {
      message: `collection "${collection}" already exists in the allowlist${isSame ? '' : ', scope ignored; to change scope, use update_scope_of_collection_in_allowlist'}`,
    };
  },
  update_scope_of_collection_in_allowlist(args, context) {
    const collection = collectionName(args);
    if (!args.has('scope')) throw refused('key "scope" not found', ['args']);
    const scope = readScope(args.optional('scope'));
    assertListed(context, collection);
    withAllowlist(
      context,
      (context.staged.metadata.allowlist ?? []).map(each =>
        each.collection === collection ? { collection, scope } : each,
      ),
    );
    return success;
  },
  drop_collection_from_allowlist(args, context) {
    const collection = args.required<string>(
      'collection',
      'Hasura.RQL.Types.Allowlist.DropCollectionFromAllowlist(DropCollectionFromAllowlist)',
    );
    assertListed(context, collection);
    withAllowlist(
      context,
      (context.staged.metadata.allowlist ?? []).filter(each => each.collection !== collection),
    );
    return success;
  },
};
