/** The v1 API's own queries: select, count, insert, update, delete. @see https://hasura.io/docs/2.0/api-reference/schema-api/ */
import { HasuraError, type Path } from '../../../errors.ts';
import { allOf } from '../../../ir/boolExp.ts';
import type { Assignment, MutationOutput, MutationPlan, WriteStep } from '../../../ir/mutation.ts';
import type { Value } from '../../../ir/value.ts';
import { readBoolExp, readValue } from '../../../model/boolExpJson.ts';
import type { TableModel } from '../../../model/types.ts';
import { mutationStatements } from '../../../sql/mutation.ts';
import { readStatement } from '../../../sql/statement.ts';
import type { Args, Command, CommandContext, CommandTable } from '../command.ts';
import { planColumns, planSelect, type SelectJson } from './columns.ts';
import { type DmlTarget, denied, runDml, targetOf } from './context.ts';

const path: Path = ['args'];
const noChecks: ReadonlyMap<string, HasuraError> = new Map();

const select: Command = async (args, context) => {
  const target = targetOf(args, context);
  const plan = planSelect(args.value as SelectJson, target, context.config.stringifyNumericTypes, path);
  const statement = readStatement([{ kind: 'list', select: plan }]);
  return await runDml([{ ...statement, checks: noChecks }], target, context);
};

const count: Command = async (args, context) => {
  const target = targetOf(args, context);
  const plan = planSelect({ where: args.optional('where') }, target, false, path);
  const distinct = args.optional<readonly string[]>('distinct') ?? [];
  for (const name of distinct) assertColumn(name, target.table, [...path, 'distinct']);
  const columns = distinct.map(column => ({ operand: { kind: 'column', column } as const }));
  const members = [{ kind: 'count', alias: 'count', columns, isDistinct: true }] as const;
  const aggregate = {
    rows: plan.rows,
    fields: [{ kind: 'aggregate', alias: 'aggregate', members }],
    nodesLimit: null,
  } as const;
  const statement = readStatement([{ kind: 'aggregate', aggregate }]);
  const result = (await runDml([{ ...statement, checks: noChecks }], target, context)) as {
    readonly aggregate: unknown;
  };
  return result.aggregate;
};

const carrier = 'peakstone.written_1';
const stepBase = { handsOn: new Set<string>(), whenNone: null, carrier, shownIn: carrier };

const insert: Command = async (args, context) => {
  const target = targetOf(args, context);
  const { table } = target;
  const permissions = target.permissions(table).insert;
  if (!permissions) throw denied('insert', target);
  const objects = args.required<readonly Record<string, unknown>[]>('objects');
  const names = [
    ...new Set([...objects.flatMap(object => Object.keys(object)), ...permissions.presets.keys()]),
  ];
  for (const name of names) {
    assertColumn(name, table, [...path, 'objects']);
    if (!permissions.columns.has(name) && !permissions.presets.has(name))
      throw new HasuraError(
        'permission-denied',
        `role "${target.role}" does not have permission to insert column "${name}"`,
        { path },
      );
  }
  const columns = names.map(name => ({ name, scalar: table.columns.get(name)!.scalar }));
  const rows = objects.map((object, i) =>
    columns.map(({ name, scalar }) =>
      Object.hasOwn(object, name)
        ? readValue(object[name], scalar, [...path, 'objects', i, name])
        : (permissions.presets.get(name) ?? null),
    ),
  );
  const step: WriteStep = {
    ...stepBase,
    kind: 'insert',
    table: table.name,
    columns,
    rows,
    onConflict: conflictOf(args, names, table, target),
    check: permissions.check,
    updateCheck: null,
  };
  return await write(step, args, target, context);
};

function conflictOf(args: Args, names: readonly string[], table: TableModel, target: DmlTarget) {
  const given = args.optional<{
    readonly constraint?: string;
    readonly constraint_on?: readonly string[];
    readonly action?: string;
  }>('on_conflict');
  if (!given) return null;
  const on = given.constraint_on ?? [];
  const byColumns = [...(table.table.uniqueKeys ?? [])].find(
    ([, { columns }]) => columns.length === on.length && columns.every(column => on.includes(column)),
  );
  const constraint = given.constraint ?? byColumns?.[0];
  if (constraint === undefined)
    throw new HasuraError('unexpected-payload', 'no unique or primary key constraint is on these columns', {
      path: [...path, 'on_conflict'],
    });
  const update = target.permissions(table).update;
  return {
    constraint,
    updateColumns: given.action === 'ignore' ? [] : names,
    presets: [...(update?.presets ?? [])].map(([column, value]) => ({
      column,
      operator: 'set' as const,
      value,
    })),
    where: update?.filter ?? allOf([]),
  };
}

const changes = { $set: 'set', $inc: 'inc', $mul: 'mul', $default: 'default' } as const;

const update: Command = async (args, context) => {
  const target = targetOf(args, context);
  const { table, source } = target;
  const permissions = target.permissions(table).update;
  if (!permissions) throw denied('update', target);
  const assignments: Assignment[] = [...permissions.presets].map(([column, value]) => ({
    column,
    operator: 'set',
    value,
  }));
  for (const [spelling, operator] of Object.entries(changes)) {
    const given = args.optional<Record<string, unknown> | readonly string[]>(spelling) ?? {};
    const entries: readonly (readonly [string, unknown])[] = Array.isArray(given)
      ? given.map(name => [String(name), null] as const)
      : Object.entries(given);
    for (const [name, value] of entries) {
      assertColumn(name, table, [...path, spelling]);
      if (!permissions.columns.has(name))
        throw new HasuraError(
          'permission-denied',
          `role "${target.role}" does not have permission to update column "${name}"`,
          { path: [...path, spelling] },
        );
      const { scalar } = table.columns.get(name)!;
      const changed: Value = readValue(value, scalar, [...path, spelling, name]);
      assignments.push({ column: name, operator, value: changed });
    }
  }
  if (assignments.length === 0)
    throw new HasuraError('unexpected-payload', 'atleast one of $set, $inc, $mul has to be present', {
      path,
    });
  const where = readBoolExp(args.required('where'), table, source, [...path, 'where']);
  const step: WriteStep = {
    ...stepBase,
    kind: 'update',
    table: table.name,
    assignments,
    where: allOf([permissions.filter, where]),
    check: permissions.check,
  };
  return await write(step, args, target, context);
};

const remove: Command = async (args, context) => {
  const target = targetOf(args, context);
  const { table, source } = target;
  const permissions = target.permissions(table).delete;
  if (!permissions) throw denied('delete', target);
  const where = readBoolExp(args.required('where'), table, source, [...path, 'where']);
  const step: WriteStep = {
    ...stepBase,
    kind: 'delete',
    table: table.name,
    where: allOf([permissions.filter, where]),
    check: null,
  };
  return await write(step, args, target, context);
};

async function write(
  step: WriteStep,
  args: Args,
  target: DmlTarget,
  context: CommandContext,
): Promise<unknown> {
  const returning = args.optional<readonly string[] | '*'>('returning');
  const names = returning === '*' ? ['*'] : (returning ?? []);
  const fields = planColumns(names, target, context.config.stringifyNumericTypes, [...path, 'returning']);
  const output: MutationOutput = {
    kind: 'response',
    fields: [
      { kind: 'affectedRows', alias: 'affected_rows' },
      ...(returning !== undefined && names.length > 0
        ? [{ kind: 'returning', alias: 'returning', fields } as const]
        : []),
    ],
  };
  const plan: MutationPlan = { steps: [step], output, path };
  return await runDml(mutationStatements(plan), target, context);
}

function assertColumn(name: string, table: TableModel, at: Path): void {
  if (!table.columns.has(name)) throw new HasuraError('not-exists', `"${name}" does not exist`, { path: at });
}

export const dmlCommands: CommandTable = { select, count, insert, update, delete: remove };
