/**
 * Writes as statements, to be sent in one go. What one hands on to the next goes by settings of the transaction: rows as JSON.
 * A write whose rows are shown without those beside them is one statement; else the rows are read anew behind it, so that
 * what is beside them is seen as the write has left it.
 */
import { quoteIdentifier, quoteLiteral } from '@peakstone/kernel/pg';
import { builtIn, operatorIn, schemaOf } from '../catalog/operators.ts';
import { HasuraError, type Path } from '../errors.ts';
import type {
  Assignment,
  InsertStep,
  MutationOutput,
  MutationPlan,
  ResponseField,
  WriteStep,
} from '../ir/mutation.ts';
import type { SelectField } from '../ir/select.ts';
import { conditionSql, whereSql } from './condition.ts';
import { insertRowsSql } from './insertRows.ts';
import { type Member, objectSql } from './json.ts';
import { listSql, rowObjectSql, singleSql } from './select.ts';
import { carrierSql, type Scope, SqlWriter, type StatementTemplate, settingSql, tableSql } from './writer.ts';

export interface MutationStatement extends StatementTemplate {
  readonly path: Path;
  /** By a text that the error holds: what it means. */
  readonly checks: ReadonlyMap<string, HasuraError>;
}

/** The last one's first column is the answer. Yields between statements. */
export function* mutationStatements(
  plan: MutationPlan,
  maxAnswerBytes: number,
): Generator<void, readonly MutationStatement[]> {
  const { steps, output, path } = plan;
  const [only] = steps;
  if (!only) return [statement(new SqlWriter(maxAnswerBytes), () => emptyOutput(output), path)];
  const shown = shownFields(output);
  if (steps.length === 1 && shown.every(isPlain)) {
    const checks = new Map<string, HasuraError>();
    return [
      statement(
        new SqlWriter(maxAnswerBytes),
        writer => stepSql(writer, only, path, checks, output, null),
        path,
        checks,
      ),
    ];
  }
  const last = new SqlWriter(maxAnswerBytes);
  const shownStep = steps.find(({ shownIn }) => shownIn !== null) ?? only;
  const carrier = shownStep.shownIn ?? shownStep.carrier;
  const counter = `${only.carrier}_count`;
  const { text, used } = outputSql(last, output, carrier, counter, shownStep);
  const statements: MutationStatement[] = [];
  for (const step of steps) {
    const checks = new Map<string, HasuraError>();
    const handsOn =
      step.shownIn === null ? step.handsOn : used === null ? null : new Set([...step.handsOn, ...used]);
    statements.push(
      statement(
        new SqlWriter(maxAnswerBytes),
        writer => stepSql(writer, step, path, checks, null, { handsOn, counter }),
        path,
        checks,
      ),
    );
    yield;
  }
  return [...statements, { ...last.finish(text), path, checks: new Map() }];
}

function statement(
  writer: SqlWriter,
  write: (writer: SqlWriter) => string,
  path: Path,
  checks: ReadonlyMap<string, HasuraError> = new Map(),
): MutationStatement {
  return { ...writer.finish(write(writer)), path, checks };
}

function shownFields(output: MutationOutput): readonly SelectField[] {
  return output.kind === 'row'
    ? output.fields
    : output.fields.flatMap(field => (field.kind === 'returning' ? field.fields : []));
}

/** Whether a field is of the row alone. */
function isPlain(field: SelectField): boolean {
  return (
    field.kind === 'typename' ||
    field.kind === 'joined' ||
    (field.kind === 'column' && field.shownIf === undefined)
  );
}

function emptyOutput(output: MutationOutput): string {
  // As the reference answers where there is nothing to change.
  if (output.kind === 'row') return `select '{}'::json`;
  return `select ${responseSql(output.fields, '0', () => `'[]'::json`)}`;
}

function responseSql(
  fields: readonly ResponseField[],
  count: string,
  rows: (fields: readonly SelectField[]) => string,
): string {
  const fieldSql = (field: ResponseField): string => {
    switch (field.kind) {
      case 'typename':
        return `${quoteLiteral(field.text)}::text`;
      case 'affectedRows':
        return count;
      case 'returning':
        return rows(field.fields);
    }
  };
  return objectSql(fields.map((field): Member => ({ alias: field.alias, sql: fieldSql(field) })));
}

/** The answer from what was handed on, and which columns that takes; null for whole rows. */
function outputSql(
  writer: SqlWriter,
  output: MutationOutput,
  carrier: string,
  counter: string,
  { table }: WriteStep,
): { readonly text: string; readonly used: ReadonlySet<string> | null } {
  const rows = {
    from: { kind: 'written', carrier, table },
    where: { kind: 'constant', value: true },
    orderBy: [],
    distinctOn: [],
    limit: null,
    offset: null,
  } as const;
  const text =
    output.kind === 'row'
      ? singleSql(writer, { rows, fields: output.fields }, null)
      : responseSql(output.fields, `${settingSql(counter, '0')}::bigint`, fields =>
          listSql(writer, { rows, fields }, null),
        );
  return { text: `select ${text}`, used: writer.usedOf('written') };
}

interface HandOn {
  readonly handsOn: ReadonlySet<string> | null;
  readonly counter: string;
}

/** One write: with `output`, its answer; else what it hands on. */
function stepSql(
  writer: SqlWriter,
  step: WriteStep,
  path: Path,
  checks: Map<string, HasuraError>,
  output: MutationOutput | null,
  handOn: HandOn | null,
): string {
  const alias = writer.alias('t');
  const scope: Scope = { current: alias, root: alias };
  const rows = writer.alias('w');
  const rowScope: Scope = { current: rows, root: rows };
  const targets: string[] = [];
  if (output) {
    targets.push(
      output.kind === 'row'
        ? `(select ${rowObjectSql(writer, output.fields, rowScope)} from ${rows} limit 1)`
        : responseSql(output.fields, `(select pg_catalog.count(*) from ${rows})`, fields =>
            writer.list(rowObjectSql(writer, fields, rowScope), rows),
          ),
    );
  }
  if (handOn) {
    const shown =
      step.shownIn !== null && step.shownIn !== step.carrier ? [step.shownIn, step.carrier] : [step.carrier];
    for (const carrier of shown)
      targets.push(
        `pg_catalog.set_config(${quoteLiteral(carrier)}, (${carrierSql(carrier)}::jsonb operator(pg_catalog.||) ${writer.list(`pg_catalog.to_json(${rows})`, rows)}::jsonb)::text, true)`,
      );
    targets.push(
      `pg_catalog.set_config(${quoteLiteral(handOn.counter)}, (${settingSql(handOn.counter, '0')}::bigint operator(pg_catalog.+) (select pg_catalog.count(*) from ${rows}))::text, true)`,
    );
  }
  const returned = handOn ? handOn.handsOn : writer.used(rows);
  const returning =
    returned === null ? [`${alias}.*`] : [...returned].map(name => `${alias}.${quoteIdentifier(name)}`);
  const check = checkSql(writer, step, scope);
  if (check !== null) {
    returning.push(`${check} as "check$"`);
    const marker = markerOf(
      checks,
      new HasuraError('permission-error', 'check constraint of an insert/update permission has failed', {
        path,
      }),
    );
    targets.push(
      `(select case when pg_catalog.count(*) operator(pg_catalog.>) 0 then (${marker}::text operator(pg_catalog.||) pg_catalog.count(*)::text)::int end from ${rows} where "check$" is not true)`,
    );
  }
  if (step.whenNone) {
    const marker = markerOf(checks, step.whenNone);
    targets.push(
      `(select case when pg_catalog.count(*) operator(pg_catalog.=) 0 then (${marker}::text operator(pg_catalog.||) pg_catalog.count(*)::text)::int end from ${rows})`,
    );
  }
  const written = writeSql(writer, step, scope);
  return `with ${rows} as (${written} returning ${returning.length > 0 ? returning.join(', ') : '1 as "one$"'}) select ${targets.join(', ')}`;
}

/** Text that no number is, by which the statement's failure is told from others. */
function markerOf(checks: Map<string, HasuraError>, error: HasuraError): string {
  const marker = `peakstone-check-${checks.size + 1}:`;
  checks.set(marker, error);
  return quoteLiteral(marker);
}

/** Whether a written row is as the permission wants it. */
function checkSql(writer: SqlWriter, step: WriteStep, scope: Scope): string | null {
  const inserted = step.check === null ? null : `(${conditionSql(writer, step.check, scope)})`;
  if (step.kind !== 'insert' || step.updateCheck === null) return inserted;
  const updated = conditionSql(writer, step.updateCheck, scope);
  return `case when ${scope.current}.xmax = 0 then ${inserted ?? 'true'} else (${updated}) end`;
}

function writeSql(writer: SqlWriter, step: WriteStep, scope: Scope): string {
  const table = tableSql(step.table);
  switch (step.kind) {
    case 'insert':
      return insertSql(writer, step, scope);
    case 'update':
      return `update ${table} as ${scope.current} set ${step.assignments.map(each => assignmentSql(writer, each, scope)).join(', ')}${whereSql(writer, [step.where], scope)}`;
    case 'delete':
      return `delete from ${table} as ${scope.current}${whereSql(writer, [step.where], scope)}`;
  }
}

function insertSql(writer: SqlWriter, step: InsertStep, scope: Scope): string {
  const head = `insert into ${tableSql(step.table)} as ${scope.current}`;
  return `${head} ${insertRowsSql(writer, step, scope)}${conflictSql(writer, step, scope)}`;
}

function conflictSql(writer: SqlWriter, { onConflict }: InsertStep, scope: Scope): string {
  if (!onConflict) return '';
  const target = ` on conflict on constraint ${quoteIdentifier(onConflict.constraint)}`;
  if (onConflict.updateColumns.length === 0) return `${target} do nothing`;
  const presets = onConflict.presets.filter(({ column }) => !onConflict.updateColumns.includes(column));
  const sets = [
    ...onConflict.updateColumns.map(name => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`),
    ...presets.map(each => assignmentSql(writer, each, scope)),
  ];
  return `${target} do update set ${sets.join(', ')}${whereSql(writer, [onConflict.where], scope)}`;
}

function assignmentSql(writer: SqlWriter, { column, operator, value }: Assignment, scope: Scope): string {
  const name = quoteIdentifier(column);
  const current = `${scope.current}.${name}`;
  if (operator === 'default') return `${name} = default`;
  const given = writer.value(value, scope);
  const symbol = (operator: string): string =>
    operatorIn('scalar' in value ? schemaOf(value.scalar) : builtIn, operator);
  switch (operator) {
    case 'set':
      return `${name} = ${given}`;
    case 'inc':
      return `${name} = ${current} ${symbol('+')} ${given}`;
    case 'mul':
      return `${name} = ${current} ${symbol('*')} ${given}`;
    case 'append':
      return `${name} = ${current} ${symbol('||')} ${given}`;
    case 'prepend':
      return `${name} = ${given} ${symbol('||')} ${current}`;
    case 'delete_key':
    case 'delete_elem':
      return `${name} = ${current} ${symbol('-')} ${given}`;
    case 'delete_at_path':
      return `${name} = ${current} ${symbol('#-')} ${given}`;
  }
}
