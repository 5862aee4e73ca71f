/** A function call as a SELECT. */
import { type QualifiedName, typeMaxLength } from '@peakstone/kernel/catalog';
import { arrayLiteral } from '@peakstone/kernel/pg';
import type { CallPlan } from '../plan/types.ts';
import { BODY, bodyRows } from './payload.ts';
import { column, type Parameters, qualified, quote } from './writer.ts';

const CALL: QualifiedName = { schema: '', name: 'pgrst_call' };
/** The column of a scalar result. */
export const SCALAR = 'pgrst_scalar';

export function callSql(plan: CallPlan, params: Parameters): string {
  const isScalar = plan.returnsScalar || plan.returnsSetOfScalar;
  const selected = isScalar ? `pgrst_call.${SCALAR}` : returnedSql(plan);
  return `SELECT ${selected} FROM ${fromSql(plan, isScalar, params)}`;
}

function returnedSql({ returning, filterFields }: CallPlan): string {
  if (returning.length === 0) return '*';
  if (returning.length === 1 && returning[0] === '*') return column(CALL, '*');
  const names = [...new Set([...returning, ...filterFields])].sort();
  return names.map(name => column(CALL, name)).join(', ');
}

function fromSql(plan: CallPlan, isScalar: boolean, params: Parameters): string {
  const { parameters, routine } = plan;
  const call = (args: string): string => {
    const invoked = `${qualified({ schema: routine.schema, name: routine.name })}(${args})`;
    return isScalar ? `(SELECT ${invoked} ${SCALAR}) pgrst_call` : `${invoked} pgrst_call`;
  };
  if (parameters.kind === 'unnamed') return call(unnamedArgument(plan, parameters.type, params));
  const { list } = parameters;
  if (list.length === 0) return call('');
  const given = plan.arguments;
  if (given.kind === 'direct') {
    const args = list.map(({ name, type, variadic }) => {
      const value = given.values.get(name);
      const placeholder =
        value === undefined ? 'NULL' : params.add(typeof value === 'string' ? value : arrayLiteral(value));
      return `${variadic ? 'VARIADIC ' : ''}${quote(name)} := ${placeholder}::${typeMaxLength(type)}`;
    });
    return call(args.join(', '));
  }
  const columns = list.map(({ name, type }) => ({
    name,
    type: typeMaxLength(type),
    transform: null,
    default: null,
    key: given.keys?.get(name) ?? name,
  }));
  const options = { appliesDefaults: false, firstOnly: true };
  const rows = bodyRows(given.body ?? new Uint8Array(), columns, options, params);
  const args = list.map(
    ({ name, variadic }) => `${variadic ? 'VARIADIC ' : ''}${quote(name)} := ${BODY}.${quote(name)}`,
  );
  return `${rows}, LATERAL ${call(args.join(', '))}`;
}

/** The whole body as one value. */
function unnamedArgument(plan: CallPlan, type: string, params: Parameters): string {
  const given = plan.arguments;
  const body =
    given.kind === 'direct' ? Buffer.from(JSON.stringify(Object.fromEntries(given.values))) : given.body;
  return `${params.add(body)}::${type}`;
}
