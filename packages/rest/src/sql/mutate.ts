/** INSERT, UPDATE and DELETE with what they return. */
import type { QualifiedName } from '@peakstone/kernel/catalog';
import type { Condition, MutatePlan } from '../plan/types.ts';
import { conditionSql } from './condition.ts';
import { BODY, bodyRows } from './payload.ts';
import { column, type Parameters, qualified, quote } from './writer.ts';

const body: QualifiedName = { schema: '', name: BODY };

export function mutateSql(plan: MutatePlan, params: Parameters): string {
  switch (plan.kind) {
    case 'insert':
      return insertSql(plan, params);
    case 'update':
      return updateSql(plan, params);
    case 'delete': {
      const where = whereSql(plan.table, plan.where, params);
      return `DELETE FROM ${qualified(plan.table)}${where}${returningSql(plan)}`;
    }
  }
}

/**
 * Counts rows up as they are inserted and down again when they turn out to be updates, in a setting of the
 * transaction: the only way that also works on views. Always true.
 */
function countInserted(step: 1 | -1): string {
  const current = "coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0)";
  return `set_config('pgrst.inserted', (${current} ${step === 1 ? '+ 1' : '- 1'})::text, true) <> '${step === 1 ? '0' : '-1'}'`;
}

function insertSql(plan: Extract<MutatePlan, { kind: 'insert' }>, params: Parameters): string {
  const { columns, onConflict } = plan;
  const options = { appliesDefaults: plan.appliesDefaults, firstOnly: false };
  const names = columns.map(({ name }) => quote(name));
  const into = names.length === 0 ? '' : ` (${names.join(', ')})`;
  const selected = columns.map(({ name }) => column(body, name)).join(', ');
  const rows = `SELECT ${selected} FROM ${bodyRows(plan.body, columns, options, params)}`;
  const merges = onConflict?.resolution === 'merge-duplicates';
  const conditions = plan.where.map(each => conditionSql(body, each, params));
  if (merges) conditions.unshift(countInserted(1));
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  let conflict = '';
  if (onConflict && onConflict.columns.length > 0) {
    const target = onConflict.columns.map(quote).join(', ');
    const action =
      !merges || names.length === 0
        ? 'DO NOTHING'
        : `DO UPDATE SET ${names.map(name => `${name} = EXCLUDED.${name}`).join(', ')} WHERE ${countInserted(-1)}`;
    conflict = ` ON CONFLICT (${target}) ${action}`;
  }
  return `INSERT INTO ${qualified(plan.table)}${into} ${rows}${where}${conflict}${returningSql(plan)}`;
}

function updateSql(plan: Extract<MutatePlan, { kind: 'update' }>, params: Parameters): string {
  const { table, columns, returning } = plan;
  if (columns.length === 0) {
    // Nothing to set: no row, but with the columns that a select on top may name.
    const own: QualifiedName = { schema: '', name: table.name };
    const shown = returning.length === 0 ? 'NULL' : returning.map(name => column(own, name)).join(', ');
    return `SELECT ${shown} FROM ${qualified(table)} WHERE false`;
  }
  const options = { appliesDefaults: plan.appliesDefaults, firstOnly: false };
  const assignments = columns.map(({ name }) => `${quote(name)} = ${column(body, name)}`).join(', ');
  const rows = bodyRows(plan.body, columns, options, params);
  const where = whereSql(table, plan.where, params);
  return `UPDATE ${qualified(table)} SET ${assignments} FROM ${rows}${where}${returningSql(plan)}`;
}

function whereSql(table: QualifiedName, where: readonly Condition[], params: Parameters): string {
  if (where.length === 0) return '';
  return ` WHERE ${where.map(each => conditionSql(table, each, params)).join(' AND ')}`;
}

/** A 1 for each row when no column is wanted, so that rows can still be counted. */
function returningSql({ table, returning }: MutatePlan): string {
  if (returning.length === 0) return ' RETURNING 1';
  return ` RETURNING ${returning.map(name => column(table, name)).join(', ')}`;
}
