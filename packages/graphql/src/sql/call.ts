import { quoteIdentifier, quoteQualified } from '@peakstone/kernel/pg';
import type { FunctionCall } from '../ir/call.ts';
import type { Scope, SqlWriter } from './writer.ts';

/** A call of a function, on the row at hand where it takes one. */
export function callSql(
  writer: SqlWriter,
  { schema, name, arguments: args }: FunctionCall,
  scope: Scope,
): string {
  const texts = args.map(argument => {
    const { value } = argument;
    const text =
      value.kind === 'row'
        ? writer.row(scope.current)
        : value.kind === 'session'
          ? writer.param({ kind: 'sessionJson' }, value.type)
          : writer.value(value, scope);
    return argument.name === null ? text : `${quoteIdentifier(argument.name)} => ${text}`;
  });
  return `${quoteQualified(schema, name)}(${texts.join(', ')})`;
}
