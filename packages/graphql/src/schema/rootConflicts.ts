/** Root fields that two parts of the metadata would both define. */
import { adminRole } from '../auth/types.ts';
import { HasuraError } from '../errors.ts';
import { createRoleView } from '../model/permissions.ts';
import { type Model, showTable } from '../model/types.ts';
import { type SchemaContext, type SchemaOptions, TypeRegister } from './context.ts';
import { functionRoots } from './functionRoots.ts';
import { remoteRoots } from './remote.ts';
import { tableRoots } from './sourceRoots.ts';
import type { FieldDef } from './types.ts';

type RootType = 'query_root' | 'mutation_root';

const options: SchemaOptions = {
  booleanNullCollapse: false,
  stringifyNumericTypes: false,
  arraysAsScalars: false,
  isBackend: true,
  kind: 'standard',
  beyond: new Set(),
  seesRemoteSchemas: true,
};

/** @throws {HasuraError} that names the fields and who defines them */
export function assertDistinctRoots(model: Model): void {
  const origins = { mutation_root: new Map<string, string[]>(), query_root: new Map<string, string[]>() };
  const noteName = (root: RootType, name: string, origin: string): void => {
    const known = origins[root].get(name);
    if (known) known.push(origin);
    else origins[root].set(name, [origin]);
  };
  const note = (root: RootType, fields: readonly FieldDef[], origin: string): void => {
    for (const { name } of fields) noteName(root, name, origin);
  };
  const view = createRoleView(model, adminRole, { inferFunctionPermissions: true });
  for (const source of model.sources.values()) {
    if (source.naming.namespace !== null) continue;
    const context: SchemaContext = {
      model,
      source,
      view,
      options,
      types: new TypeRegister(),
      joined: () => [],
    };
    for (const table of source.tables.values()) {
      const origin = `table ${showTable(table.name)} in source ${source.name}`;
      const roots = tableRoots(context, table);
      note('query_root', roots.queries, origin);
      note('mutation_root', roots.mutations, origin);
    }
    for (const fn of source.functions) {
      const root = fn.exposedAs === 'mutation' ? 'mutation_root' : 'query_root';
      note(root, functionRoots(context, fn), `function ${showTable(fn.name)} in source ${source.name}`);
    }
  }
  for (const [name, schema] of model.remoteSchemas) {
    const roots = remoteRoots({ schema, types: new TypeRegister(), joined: () => [] });
    note('query_root', roots.queries, `remote schema ${name}`);
    note('mutation_root', roots.mutations, `remote schema ${name}`);
  }
  for (const { name, kind } of model.actions.values()) {
    const from = `action ${name}`;
    // What has become of an asynchronous one is asked for by its name as well.
    if (kind !== 'mutation') noteName('query_root', name, from);
    if (kind !== 'query') noteName('mutation_root', name, from);
  }
  for (const [root, fields] of Object.entries(origins)) {
    const twice = [...fields].filter(([, by]) => by.length > 1).reverse();
    if (twice.length === 0) continue;
    const shown = twice.map(([name, by]) => `'${name}' defined in [${by.sort().join(', ')}]`);
    const which =
      shown.length === 1
        ? `field ${shown[0]}`
        : `fields: [\n${shown.map(each => `  ${each}`).join(',\n')}\n]`;
    throw new HasuraError(
      'unexpected',
      `Encountered conflicting definitions in the selection set for '${root}' for ${which}. Fields must not be defined more than once across all sources.`,
      { path: ['args'] },
    );
  }
}
