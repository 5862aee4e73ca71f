/** Remote schemas. */
import { compact } from '../../definition/edit.ts';
import type { Metadata, RemoteSchema } from '../../definition/metadata.ts';
import type { RemoteSchemaConf, RemoteSchemaDefinition } from '../../definition/remoteSchemas.ts';
import { HasuraError } from '../../errors.ts';
import { assertHeaders } from '../../webhook/environment.ts';
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
  staged.stage(withSchemas(context, list));
  const after = await staged.refreshRemote(name);
  const object = { kind: 'other', section: 'remote_schemas', name } as const;
  const wrong = after.inconsistencies.find(each => JSON.stringify(each.object) === JSON.stringify(object));
  if (wrong)
    throw new HasuraError('remote-schema-error', wrong.reason.replace(/^Inconsistent object: /, ''), {
      path: ['args'],
    });
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
  remove_remote_schema(args, context) {
    const { name } = schemaOf(context, args.text('name'));
    context.staged.stage(
      withSchemas(
        context,
        schemasOf(context).filter(each => each.name !== name),
      ),
    );
    return success;
  },
  async reload_remote_schema(args, context) {
    const { name } = schemaOf(context, args.text('name'));
    await context.staged.refreshRemote(name);
    return success;
  },
};
