/** What a source's database holds, tracked or not, and which relationships its foreign keys suggest. */
import type { Table } from '@peakstone/kernel/catalog';
import { key } from '@peakstone/kernel/catalog';
import type { SourceCatalog } from '../../catalog/load.ts';
import { defaultSource, sourceIn } from '../../definition/edit.ts';
import { type QualifiedTable, qualify } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import type { Mapping } from '../../ir/boolExp.ts';
import { showTable, type TableModel } from '../../model/types.ts';
import type { Args, CommandContext, CommandTable } from './command.ts';

export const catalogCommands: CommandTable = {
  async pg_get_source_tables(args, context) {
    const { tables } = await readCatalog(args, context);
    return [...tables.values()]
      .filter(isOfUsers)
      .map(({ schema, name }) => ({ schema, name }))
      .sort((a, b) => (showTable(a) < showTable(b) ? -1 : 1));
  },
  async pg_get_table_info(args, context) {
    const name = qualify(args.required<QualifiedTable>('table'));
    const table = (await readCatalog(args, context)).tables.get(key(name.schema, name.name));
    return table ? describeTable(table) : null;
  },
  pg_suggest_relationships: suggestRelationships,
};

/** @throws {HasuraError} for a source that is not there, or not to be reached */
async function readCatalog(args: Args, { staged }: CommandContext): Promise<SourceCatalog> {
  const source = args.optional<string>('source') ?? defaultSource;
  sourceIn(staged.metadata, source);
  await staged.refresh(source);
  const catalog = staged.catalog(source);
  if (!catalog || 'failure' in catalog)
    throw new HasuraError('unexpected', `source "${source}" cannot be reached`, { path: ['args'] });
  return catalog;
}

const internal: ReadonlySet<string> = new Set(['hdb_catalog', 'hdb_views', 'information_schema']);

function isOfUsers({ schema }: Table): boolean {
  return !internal.has(schema) && !schema.startsWith('pg_');
}

function describeTable(table: Table) {
  return {
    name: { schema: table.schema, name: table.name },
    type: table.kind === 'view' || table.kind === 'materialized' ? 'view' : 'table',
    columns: [...table.columns.values()].map(column => ({
      name: column.name,
      type: column.type,
      nullable: column.nullable,
      insertable: table.insertable && !column.generated,
      updatable: table.updatable && !column.generated,
      ...(column.comment !== null && { description: column.comment }),
    })),
    primary_key: table.primaryKey,
    insertable: table.insertable,
    updatable: table.updatable,
    deletable: table.deletable,
    ...(table.comment !== null && { description: table.comment }),
  };
}

interface Suggestion {
  readonly type: 'object' | 'array';
  readonly from: object;
  readonly to: object;
}

function suggestRelationships(
  args: Args,
  { staged }: CommandContext,
): { readonly relationships: Suggestion[] } {
  const source = args.optional<string>('source') ?? defaultSource;
  const model = staged.model.sources.get(source);
  if (!model)
    throw new HasuraError('not-exists', `source with name "${source}" does not exist`, { path: ['args'] });
  const named = args.optional<readonly QualifiedTable[]>('tables')?.map(table => showTable(qualify(table)));
  const isNamed = (table: TableModel): boolean =>
    named === undefined || named.includes(showTable(table.name));
  const omitsTracked = args.flag('omit_tracked');
  const relationships: Suggestion[] = [];
  for (const table of model.tables.values()) {
    for (const { constraint, columns, target } of table.table.foreignKeys ?? []) {
      const other = model.tables.get(`${target.schema}\0${target.name}`);
      if (!other || !(isNamed(table) || isNamed(other))) continue;
      const from = { table: table.name, columns: columns.map(([own]) => own), constraint_name: constraint };
      const to = { table: other.name, columns: columns.map(([, theirs]) => theirs) };
      if (!(omitsTracked && isTracked(table, other, columns)))
        relationships.push({ type: 'object', from, to });
      const back = columns.map(([own, theirs]) => [theirs, own] as const);
      if (!(omitsTracked && isTracked(other, table, back)))
        relationships.push({ type: isUnique(table, from.columns) ? 'object' : 'array', from: to, to: from });
    }
  }
  return { relationships };
}

function isTracked(table: TableModel, target: TableModel, join: Mapping): boolean {
  const text = joinText(join);
  return [...table.relationships.values()].some(
    each => showTable(each.target) === showTable(target.name) && joinText(each.join) === text,
  );
}

function joinText(join: readonly (readonly [here: string, there: string, ...unknown[]])[]): string {
  return join
    .map(([here, there]) => `${here}\0${there}`)
    .sort()
    .join('\n');
}

function isUnique({ table }: TableModel, columns: readonly string[]): boolean {
  return [...(table.uniqueKeys?.values() ?? [])].some(
    unique =>
      unique.columns.length === columns.length && unique.columns.every(name => columns.includes(name)),
  );
}
