/** The metadata as a whole: out, in, empty, read again, and what of it cannot be served. */
import { defaultSource } from '../../definition/edit.ts';
import { exportedMetadata, readMetadata } from '../../definition/exported.ts';
import { HasuraError } from '../../errors.ts';
import type { Model } from '../../model/types.ts';
import { withoutObject } from '../purge.ts';
import { type Args, type Command, type CommandTable, kindOf, success } from './command.ts';
import { objectsOf, showInconsistency } from './consistency.ts';
import { assertNoCycle } from './roles.ts';

/** Parts that are known by a name, and what the reference calls several of them. */
const namedParts = [
  ['allowlist', 'collection', 'allowlist entries'],
  ['query_collections', 'name', 'query collections'],
  ['remote_schemas', 'name', 'remote schemas'],
  ['actions', 'name', 'actions'],
  ['cron_triggers', 'name', 'cron triggers'],
] as const;

/** @throws {HasuraError} for names that come twice */
function assertNoDuplicates(given: unknown, path: readonly string[]): void {
  const metadata = (given ?? {}) as Readonly<Record<string, unknown>>;
  for (const [member, key, what] of namedParts) {
    const list = metadata[member];
    if (!Array.isArray(list)) continue;
    const names = (list as readonly Record<string, unknown>[]).map(each => String(each?.[key]));
    const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
    if (twice.length > 0)
      throw new HasuraError(
        'parse-failed',
        `multiple declarations exist for the following ${what}: ${twice.join(', ')}`,
        { path },
      );
  }
}

const replaceMetadata: Command = async (args, { staged }) => {
  // The second version of the command wraps the metadata, and tells what of it cannot be served.
  const isSecond = args.has('metadata');
  assertNoDuplicates(
    isSecond ? args.required('metadata') : args.value,
    isSecond ? ['args', 'metadata'] : ['args'],
  );
  const next = readMetadata(isSecond ? args.required('metadata') : args.value, staged.metadata);
  assertNoCycle(next.inherited_roles ?? []);
  staged.stage(next);
  await staged.refresh();
  if (!isSecond || !args.flag('allow_inconsistent_metadata')) assertAllConsistent(staged.model);
  return isSecond ? consistencyOf(staged.model) : success;
};

export const wholeCommands: CommandTable = {
  export_metadata: (_args, { staged }, version) =>
    version === 2
      ? { resource_version: staged.version, metadata: exportedMetadata(staged.metadata) }
      : exportedMetadata(staged.metadata),
  replace_metadata: replaceMetadata,
  async clear_metadata(_args, { staged }) {
    const kept = staged.metadata.sources.filter(({ name }) => name === defaultSource);
    const sources = kept.map(({ name, kind, configuration }) => ({ name, kind, tables: [], configuration }));
    staged.stage({ version: 3, sources });
    await staged.refresh();
    return success;
  },
  async reload_metadata(args, { staged }) {
    const { sources, remote_schemas: remoteSchemas = [] } = staged.metadata;
    assertKnown(args, 'reload_sources', 'Source', sources);
    assertKnown(args, 'recreate_event_triggers', 'Source', sources);
    assertKnown(args, 'reload_remote_schemas', 'Remote schema', remoteSchemas);
    await staged.refresh();
    const { is_consistent, inconsistent_objects } = consistencyOf(staged.model);
    return { ...success, is_consistent, ...(!is_consistent && { inconsistent_objects }) };
  },
  get_inconsistent_metadata: (_args, { staged }) => consistencyOf(staged.model),
  drop_inconsistent_metadata(_args, { staged }) {
    // Dependents come after what they depend on.
    const gone = staged.model.inconsistencies.flatMap(objectsOf).reverse();
    const model = staged.stage(gone.reduce(withoutObject, staged.metadata));
    const left = model.inconsistencies.filter(each => objectsOf(each).length > 0);
    if (left.length > 0)
      throw new HasuraError('unexpected', 'cannot continue due to new inconsistent metadata', {
        path: ['args'],
        status: 400,
        internal: left.map(showInconsistency),
      });
    return success;
  },
  /** What is served, by name: enough to see what the server has made of its metadata, without its secrets. */
  dump_internal_state: (_args, { staged }) => ({
    resource_version: staged.version,
    sources: Object.fromEntries(
      [...staged.model.sources.values()].map(({ name, tables, functions }) => [
        name,
        {
          tables: [...tables.values()].map(table => ({
            table: table.name,
            columns: [...table.columns.keys()],
            relationships: [...table.relationships.keys()],
            computed_fields: [...table.computedFields.keys()],
          })),
          functions: functions.map(each => each.name),
        },
      ]),
    ),
    inconsistent_objects: consistencyOf(staged.model).inconsistent_objects,
  }),
};

/** @throws {HasuraError} with all that cannot be served */
function assertAllConsistent(model: Model): void {
  const { is_consistent: isConsistent, inconsistent_objects: objects } = consistencyOf(model);
  if (isConsistent) return;
  throw new HasuraError('unexpected', 'cannot continue due to inconsistent metadata', {
    path: ['args'],
    status: 400,
    internal: objects,
  });
}

/** `true`, `false`, or a list of names. @throws {HasuraError} for a name that there is not */
function assertKnown(
  args: Args,
  member: string,
  what: string,
  known: readonly { readonly name: string }[],
): void {
  const given = args.optional<unknown>(member) ?? true;
  if (typeof given === 'boolean') return;
  if (!Array.isArray(given))
    throw new HasuraError('parse-failed', `expected Array, but encountered ${kindOf(given)}`, {
      path: ['args', member],
    });
  const missing = given.find(name => !known.some(each => each.name === name));
  if (missing !== undefined)
    throw new HasuraError(
      'not-exists',
      `${what} with name ${what === 'Source' ? JSON.stringify(missing) : missing} not found in metadata`,
      { path: ['args'] },
    );
}

function consistencyOf({ inconsistencies }: Model) {
  return {
    is_consistent: inconsistencies.length === 0,
    inconsistent_objects: inconsistencies.map(showInconsistency),
  };
}
