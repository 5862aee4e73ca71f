/** The v1 API's own queries: select, count, insert, update, delete. @see https://hasura.io/docs/2.0/api-reference/schema-api/ */
import { runWhole } from '@peakstone/kernel/pace';
import { HasuraError, type Path } from '../../../errors.ts';
import { allOf } from '../../../ir/boolExp.ts';
import type {
  Assignment,
  MutationOutput,
  MutationPlan,
  OnConflict,
  WriteStep,
} from '../../../ir/mutation.ts';
import type { Value } from '../../../ir/value.ts';
import { readValue } from '../../../model/boolExpJson.ts';
import { showTable, type TableModel } from '../../../model/types.ts';
import { insertColumn } from '../../../plan/insertColumn.ts';
import { mutationStatements } from '../../../sql/mutation.ts';
import { readStatement } from '../../../sql/statement.ts';
import type { Args, Command, CommandContext, CommandTable } from '../command.ts';
import { planColumns, planSelect, type SelectJson } from './columns.ts';
import { assertReadable, type DmlTarget, denied, readWhere, runDml, targetOf } from './context.ts';

const path: Path = ['args'];
const noChecks: ReadonlyMap<string, HasuraError> = new Map();

const select: Command = async (args, context) => {
  const target = targetOf(args, context);
  const plan = planSelect(args.value as SelectJson, target, context.config.stringifyNumericTypes, path);
  const statement = readStatement([{ kind: 'list', select: plan }], context.config.limits.maxAnswerBytes);
  return await runDml([{ ...statement, checks: noChecks }], target, context);
};

const count: Command = async (args, context) => {
  const target = targetOf(args, context);
  if (!target.permissions(target.table).select)
    throw denied(
      'select',
      target,
      '; "count" is only allowed if the role has "select" permissions on the table',
    );
  const distinct = args.optional<readonly string[]>('distinct') ?? [];
  for (const [i, name] of distinct.entries()) assertReadable(name, target, [...path, 'distinct', i]);
  const plan = planSelect({ where: args.optional('where') }, target, false, path);
  const columns = distinct.map(column => ({ operand: { kind: 'column', column } as const }));
  const members = [{ kind: 'count', alias: 'count', columns, isDistinct: true }] as const;
  const aggregate = {
    rows: plan.rows,
    fields: [{ kind: 'aggregate', alias: 'aggregate', members }],
    nodesLimit: null,
  } as const;
  const statement = readStatement([{ kind: 'aggregate', aggregate }], context.config.limits.maxAnswerBytes);
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
  const objects = member<readonly Record<string, unknown>[]>(args, 'objects');
  const conflict = readConflict(args);
  if (objects.length === 0)
    throw new HasuraError('unexpected-payload', 'objects should not be empty', {
      path: [...path, 'objects'],
    });
  const given = [...new Set(objects.flatMap(object => Object.keys(object)))];
  const names = [...new Set([...given, ...permissions.presets.keys()])];
  for (const name of names) {
    assertColumn(name, table, [...path, 'objects']);
    if (permissions.presets.has(name) && objects.some(object => Object.hasOwn(object, name)))
      throw new HasuraError('not-supported', `column "${name}" is not insertable for role "${target.role}"`, {
        path: [...path, 'objects'],
      });
    if (!permissions.columns.has(name) && !permissions.presets.has(name))
      throw new HasuraError(
        'permission-denied',
        `role "${target.role}" does not have permission to insert column "${name}"`,
        { path },
      );
  }
  const columns = names.map(name => insertColumn(table, name));
  const rows = objects.map((object, i) =>
    columns.map(({ name, scalar }) =>
      Object.hasOwn(object, name)
        ? readValue(object[name], scalar, [...path, 'objects', i, name])
        : (permissions.presets.get(name) ?? null),
    ),
  );
  const returned = planReturning(args, target, context);
  const step: WriteStep = {
    ...stepBase,
    kind: 'insert',
    table: table.name,
    columns,
    rows,
    onConflict: conflict && planConflict(conflict, given, target),
    check: permissions.check,
    updateCheck: null,
  };
  return await write(step, returned, target, context);
};

interface ConflictJson {
  readonly constraint?: string;
  readonly constraint_on?: string | readonly string[];
  readonly action: 'ignore' | 'update';
}

/** @throws {HasuraError} */
function readConflict(args: Args): ConflictJson | null {
  const given = args.optional<Partial<ConflictJson>>('on_conflict');
  if (given === undefined) return null;
  const { action } = given;
  if (action === undefined)
    throw new HasuraError('parse-failed', "the key 'action' was not present", { path: ['on_conflict'] });
  if (action !== 'ignore' && action !== 'update')
    throw new HasuraError('parse-failed', "Expecting 'ignore' or 'update'", {
      path: ['on_conflict', 'action'],
    });
  return { ...given, action };
}

/** @throws {HasuraError} for a constraint that there is not, or a role that may not update */
function planConflict(given: ConflictJson, names: readonly string[], target: DmlTarget): OnConflict {
  const { table, role } = target;
  const at = [...path, 'on_conflict'];
  const update = target.permissions(table).update;
  if (!update)
    throw new HasuraError(
      'permission-denied',
      `upsert is not allowed for role "${role}" since update permissions are not defined`,
      { path: at },
    );
  const constraint = constraintOf(given, table, at);
  const isUpdate = given.action === 'update';
  if (isUpdate)
    for (const name of names)
      if (!update.columns.has(name) && !update.presets.has(name))
        throw new HasuraError('validation-failed', `column "${name}" is not updatable`, { path: at });
  return {
    constraint,
    updateColumns: isUpdate ? names : [],
    presets: [...update.presets].map(([column, value]) => ({ column, operator: 'set' as const, value })),
    where: update.filter,
  };
}

function constraintOf({ constraint, constraint_on: on }: ConflictJson, table: TableModel, at: Path): string {
  const keys = [...(table.table.uniqueKeys ?? [])];
  if (constraint !== undefined && on !== undefined)
    throw new HasuraError('unexpected-payload', "'constraint' and 'constraint_on' cannot be set at a time", {
      path: at,
    });
  if (constraint !== undefined) {
    if (keys.some(([name]) => name === constraint)) return constraint;
    throw new HasuraError(
      'unexpected',
      `constraint "${constraint}" for table "${showTable(table.name)}" does not exist`,
      { path: [...at, 'constraint'], status: 400 },
    );
  }
  if (on === undefined)
    throw new HasuraError(
      'unexpected-payload',
      "Expecting 'constraint' or 'constraint_on' when the 'action' is 'update'",
      { path: at },
    );
  const columns = typeof on === 'string' ? [on] : on;
  for (const [i, name] of columns.entries())
    if (!table.columns.has(name))
      throw new HasuraError('not-exists', `column "${name}" does not exist`, {
        path: [...at, 'constraint_on', i],
      });
  const found = keys.find(
    ([, key]) =>
      key.columns.length === columns.length && key.columns.every(column => columns.includes(column)),
  );
  if (!found)
    throw new HasuraError(
      'postgres-error',
      'there is no unique or exclusion constraint matching the ON CONFLICT specification',
      { path: at },
    );
  return found[0];
}

const changes = { $set: 'set', $inc: 'inc', $mul: 'mul', $default: 'default' } as const;

const update: Command = async (args, context) => {
  const target = targetOf(args, context);
  const { table } = target;
  const whereJson = member(args, 'where');
  const permissions = target.permissions(table).update;
  if (!permissions) throw denied('update', target);
  if (!target.permissions(table).select) throw denied('select', target, whereNeedsSelect('update'));
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
      if (permissions.presets.has(name))
        throw new HasuraError(
          'not-supported',
          `column "${name}" is not updatable for role "${target.role}"; its value is predefined in permission`,
          { path: [...path, spelling] },
        );
      assertColumn(name, table, [...path, spelling]);
      if (!permissions.columns.has(name))
        throw new HasuraError(
          'permission-denied',
          `role "${target.role}" does not have permission to update column "${name}"`,
          { path: [...path, spelling] },
        );
      const { scalar } = table.columns.get(name)!;
      const changed = scaled(readValue(value, scalar, [...path, spelling, name]));
      assignments.push({ column: name, operator, value: changed });
    }
  }
  if (assignments.length === 0)
    throw new HasuraError('unexpected-payload', 'atleast one of $set, $inc, $mul has to be present', {
      path,
    });
  const returned = planReturning(args, target, context);
  const where = readWhere(whereJson, target, [...path, 'where']);
  const step: WriteStep = {
    ...stepBase,
    kind: 'update',
    table: table.name,
    assignments,
    where: allOf([permissions.filter, where]),
    check: permissions.check,
  };
  return await write(step, returned, target, context);
};

const remove: Command = async (args, context) => {
  const target = targetOf(args, context);
  const { table } = target;
  const whereJson = member(args, 'where');
  const permissions = target.permissions(table).delete;
  if (!permissions) throw denied('delete', target);
  if (!target.permissions(table).select) throw denied('select', target, whereNeedsSelect('delete'));
  const returned = planReturning(args, target, context);
  const where = readWhere(whereJson, target, [...path, 'where']);
  const step: WriteStep = {
    ...stepBase,
    kind: 'delete',
    table: table.name,
    where: allOf([permissions.filter, where]),
    check: null,
  };
  return await write(step, returned, target, context);
};

function whereNeedsSelect(action: 'update' | 'delete'): string {
  return `; "${action}" is only allowed if the role has "select" permission as "where" can't be used without "select" permission on the table`;
}

/** A member without which the query is none. @throws {HasuraError} */
function member<T>(args: Args, name: string): T {
  const value = args.optional<T>(name);
  if (value === undefined) throw new HasuraError('parse-failed', `key "${name}" not found`);
  return value;
}

/** As the reference's driver sends numerics: with fractions in groups of four digits, which PostgreSQL keeps as their scale. */
function scaled(value: Value): Value {
  if (value.kind !== 'literal' || value.scalar.kind !== 'numeric') return value;
  const fraction = /^-?\d+\.(\d+)$/.exec(value.text ?? '')?.[1];
  return fraction === undefined
    ? value
    : { ...value, text: value.text + '0'.repeat((4 - (fraction.length % 4)) % 4) };
}

type Returned = (MutationOutput & { readonly kind: 'response' })['fields'];

/** The rows that are shown, where any are asked for. @throws {HasuraError} for columns that the role may not see */
function planReturning(args: Args, target: DmlTarget, { config }: CommandContext): Returned {
  const returning = args.optional<readonly string[] | '*'>('returning');
  if (returning === undefined) return [];
  if (!target.permissions(target.table).select)
    throw denied(
      'select',
      target,
      '; "returning" can only be used if the role has "select" permission on the table',
    );
  const names = returning === '*' ? ['*'] : returning;
  const at = [...path, 'returning'];
  for (const name of names) if (name !== '*') assertReadable(name, target, at);
  const fields = planColumns(names, target, config.stringifyNumericTypes, at);
  return names.length > 0 ? [{ kind: 'returning', alias: 'returning', fields }] : [];
}

async function write(
  step: WriteStep,
  returned: Returned,
  target: DmlTarget,
  context: CommandContext,
): Promise<unknown> {
  const affected = { kind: 'affectedRows', alias: 'affected_rows' } as const;
  const output: MutationOutput = { kind: 'response', fields: [affected, ...returned] };
  const plan: MutationPlan = { steps: [step], output, path };
  const statements = mutationStatements(plan, context.config.limits.maxAnswerBytes);
  return await runDml(runWhole(statements), target, context);
}

function assertColumn(name: string, table: TableModel, at: Path): void {
  if (!table.columns.has(name)) throw new HasuraError('not-exists', `"${name}" does not exist`, { path: at });
}

export const dmlCommands: CommandTable = { select, count, insert, update, delete: remove };
