/** Remote schemas. */
import { adminRole } from '../../auth/types.ts';
import { compact } from '../../definition/edit.ts';
import type { Metadata, RemoteSchema } from '../../definition/metadata.ts';
import type {
  RemoteSchemaConf,
  RemoteSchemaDefinition,
  RemoteSchemaPermission,
} from '../../definition/remoteSchemas.ts';
import { HasuraError } from '../../errors.ts';
import { assertNamesOpen } from '../../remote/customize.ts';
import { readRoleDocument } from '../../remote/roleDocument.ts';
import type { RemoteDocument } from '../../remote/types.ts';
import { assertHeaders } from '../../webhook/environment.ts';
import { stageWithout } from '../dependents.ts';
import { nonEmpty } from './collections.ts';
import { type Args, type CommandContext, type CommandTable, success } from './command.ts';
import { assertServed } from './consistency.ts';

function schemasOf({ staged }: CommandContext): readonly RemoteSchemaConf[] {
  return (staged.metadata.remote_schemas ?? []) as unknown as readonly RemoteSchemaConf[];
}

function withSchemas({ staged }: CommandContext, list: readonly RemoteSchemaConf[]): Metadata {
  return compact({
    ...staged.metadata,
    remote_schemas: list.length > 0 ? (list as unknown as readonly RemoteSchema[]) : undefined,
  } as Metadata);
}

/** @throws {HasuraError} not-exists */
function schemaOf(context: CommandContext, name: string): RemoteSchemaConf {
  const found = schemasOf(context).find(each => each.name === name);
  if (!found)
    throw new HasuraError('not-exists', `remote schema with name "${name}" does not exist`, {
      path: ['args'],
    });
  return found;
}

function readDefinition(args: Args): RemoteSchemaDefinition {
  const given = args.required<RemoteSchemaDefinition>('definition');
  if (typeof given?.url !== 'string' && typeof given?.url_from_env !== 'string')
    throw new HasuraError('invalid-params', 'expecting either url or url_from_env', {
      path: ['args', 'definition'],
    });
  assertHeaders(given.headers, ['args', 'definition', 'headers']);
  withPath(() => assertNamesOpen(given.customization));
  const entries = Object.entries(given).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as RemoteSchemaDefinition;
}

/** Asks the remote schema, which has to be one, and has to go with all others. */
async function stageSchema(
  context: CommandContext,
  list: readonly RemoteSchemaConf[],
  name: string,
): Promise<void> {
  const { staged } = context;
  const before = staged.model;
  const isKnown = schemasOf(context).some(each => each.name === name);
  staged.stage(withSchemas(context, list));
  const after = await staged.refreshRemote(name);
  const object = { kind: 'other', section: 'remote_schemas', name } as const;
  const wrong = after.inconsistencies.find(each => JSON.stringify(each.object) === JSON.stringify(object));
  if (wrong)
    throw new HasuraError(
      'remote-schema-error',
      // As the reference says it of one that was there, and of one that is new.
      isKnown ? wrong.reason : wrong.reason.replace(/^Inconsistent object: /, ''),
      { path: ['args'] },
    );
  try {
    assertServed(before, after, null);
  } catch (error) {
    if (!(error instanceof HasuraError)) throw error;
    throw new HasuraError('unexpected', 'cannot continue due to new inconsistent metadata', {
      path: ['args'],
      status: 400,
      internal: error.message,
    });
  }
}

function stagePermissions(
  context: CommandContext,
  known: RemoteSchemaConf,
  permissions: readonly RemoteSchemaPermission[],
): void {
  const { permissions: _, ...rest } = known;
  const changed: RemoteSchemaConf = permissions.length > 0 ? { ...rest, permissions } : rest;
  const list = schemasOf(context).map(each => (each.name === known.name ? changed : each));
  context.staged.stage(withSchemas(context, list));
}

/** @throws {HasuraError} not-exists for one that does not answer, either */
function servedSchema(
  { staged }: CommandContext,
  name: string,
): { readonly name: string; readonly document: RemoteDocument } {
  const document = staged.model.remoteSchemas.get(name)?.document;
  if (!document) throw refused('not-exists', `remote schema "${name}" doesn't exist`);
  return { name, document };
}

function refused(
  code: 'constraint-violation' | 'parse-failed' | 'already-exists' | 'not-exists',
  message: string,
): HasuraError {
  return new HasuraError(code, message, { path: ['args'] });
}

function withPath<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof HasuraError ? error.within(['args']) : error;
  }
}

export const remoteSchemaCommands: CommandTable = {
  async add_remote_schema(args, context) {
    const name = nonEmpty(args, 'name');
    const definition = readDefinition(args);
    if (schemasOf(context).some(each => each.name === name))
      throw new HasuraError('already-exists', `remote schema with name "${name}" already exists`, {
        path: ['args'],
      });
    const schema = compact({
      name,
      definition,
      comment: args.optional<string>('comment'),
    }) as RemoteSchemaConf;
    await stageSchema(context, [...schemasOf(context), schema], name);
    return success;
  },
  async update_remote_schema(args, context) {
    const known = schemaOf(context, args.text('name'));
    const schema = compact({
      ...known,
      definition: readDefinition(args),
      comment: args.optional<string>('comment') ?? known.comment ?? undefined,
    }) as RemoteSchemaConf;
    const list = schemasOf(context).map(each => (each.name === known.name ? schema : each));
    await stageSchema(context, list, known.name);
    return success;
  },
  add_remote_schema_permissions(args, context) {
    if (!context.config.enableRemoteSchemaPermissions)
      throw refused(
        'constraint-violation',
        'remote schema permissions can only be added when remote schema permissions are enabled in the graphql-engine',
      );
    const role = nonEmpty(args, 'role');
    const definition = args.required<RemoteSchemaPermission['definition']>('definition');
    if (typeof definition?.schema !== 'string')
      throw refused('parse-failed', 'parsing the definition failed, key "schema" not found');
    if (role === adminRole) throw refused('constraint-violation', 'cannot define permission for admin role');
    const { name, document } = servedSchema(context, args.text('remote_schema'));
    const known = schemaOf(context, name);
    if (known.permissions?.some(each => each.role === role))
      throw refused(
        'already-exists',
        `permissions for role: "${role}" for remote schema:"${name}" already exists`,
      );
    withPath(() => readRoleDocument(definition.schema, document));
    const comment = args.optional<string>('comment');
    const permission = compact({ role, definition: { schema: definition.schema }, comment });
    stagePermissions(context, known, [permission as RemoteSchemaPermission, ...(known.permissions ?? [])]);
    return success;
  },
  drop_remote_schema_permissions(args, context) {
    const role = nonEmpty(args, 'role');
    const { name } = servedSchema(context, args.text('remote_schema'));
    const known = schemaOf(context, name);
    if (!known.permissions?.some(each => each.role === role))
      throw refused(
        'not-exists',
        `permissions for role: "${role}" for remote schema:"${name}" doesn't exist`,
      );
    stagePermissions(
      context,
      known,
      known.permissions.filter(each => each.role !== role),
    );
    return success;
  },
  remove_remote_schema(args, context) {
    const { name } = schemaOf(context, args.text('name'));
    const rest = schemasOf(context).filter(each => each.name !== name);
    stageWithout(context.staged, withSchemas(context, rest), { cascade: false });
    return success;
  },
  async reload_remote_schema(args, context) {
    const { name } = schemaOf(context, args.text('name'));
    await context.staged.refreshRemote(name);
    return success;
  },
};
