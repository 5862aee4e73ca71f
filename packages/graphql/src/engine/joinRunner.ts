/** Where joined values come from: a statement for all keys of a table, and for those of a remote schema few requests. */
import { runPaced } from '@peakstone/kernel/pace';
import { HasuraError } from '../errors.ts';
import { parseJsonSlices } from '../ir/jsonSlices.ts';
import { showType } from '../ir/typeRef.ts';
import type { JoinRunner, Keys } from '../joins/run.ts';
import { keysVariable, type RemoteJoin, type TableJoin } from '../joins/types.ts';
import { literalText } from '../remote/literal.ts';
import { askRemote } from '../remote/request.ts';
import type { CallContext } from './callContext.ts';
import { renamed, sessionVariables } from './remoteAnswer.ts';
import type { StatementGroup } from './types.ts';

export function createJoinRunner(context: CallContext): JoinRunner {
  return {
    run: (join, keys) =>
      inParts(keys, keysAtOnce[join.kind], part =>
        join.kind === 'table' ? joinRows(join, part, context) : askJoined(join, part, context),
      ),
  };
}

/** Keys that one statement, or one request, asks for. */
const keysAtOnce = { table: 5000, remote: 1000 };

async function inParts(
  keys: readonly Keys[],
  most: number,
  ask: (part: readonly Keys[]) => Promise<readonly unknown[]>,
): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  for (let from = 0; from < keys.length; from += most)
    values.push(...(await ask(keys.slice(from, from + most))));
  return values;
}

async function joinRows(
  { source, statement }: TableJoin,
  keys: readonly Keys[],
  { request, runGroup }: CallContext,
): Promise<readonly unknown[]> {
  const list = JSON.stringify(keys.map((each, at) => ({ at, ...each })));
  const group: StatementGroup = { source, statements: [{ ...statement, path: [] }], writes: false };
  const [text] = await runGroup(group, { ...request.variables, [keysVariable]: list });
  const rows = (await runPaced(parseJsonSlices(Buffer.from(text ?? '[]')))) as readonly {
    readonly at: number;
    readonly value: unknown;
  }[];
  const values: unknown[] = [];
  for (const { at, value } of rows) values[at] = value;
  return keys.map((_, i) => values[i] ?? null);
}

async function askJoined(
  join: RemoteJoin,
  keys: readonly Keys[],
  context: CallContext,
): Promise<readonly unknown[]> {
  const { schema, typenames, sessionValues } = join;
  const fields = keys.map((each, i) => fieldText(join, each, `f${i}: `));
  const declared = [...sessionValues].map(([name, { type }]) => `$${name}: ${showType(type)}`);
  const head = declared.length > 0 ? `(${declared.join(', ')})` : '';
  const { data, errors } = await askRemote(
    schema.conf,
    {
      query: `query ${head} { ${fields.join(' ')} } `,
      operationName: null,
      variables: sessionVariables(sessionValues, context.session),
    },
    context,
    context.config,
  );
  if (errors.length > 0)
    throw new HasuraError('unexpected', 'Errors from remote server', { internal: { errors } });
  return keys.map((_, i) => {
    const value = join.steps.reduce<unknown>(
      (outer, { field }, depth) => memberIn(outer, depth === 0 ? `f${i}` : field),
      data,
    );
    return typenames ? renamed(value, typenames, schema.names.type) : value;
  });
}

function fieldText({ steps, selection, schema }: RemoteJoin, keys: Keys, alias: string): string {
  const { document } = schema;
  const texts = steps.map(({ field, args }) => {
    const given = args.map(part =>
      typeof part === 'string' ? part : literalText(keys[part.key], part.type, document),
    );
    return `${field}${given.join('')}`;
  });
  return `${alias}${texts.join(' { ')}${selection}${' }'.repeat(steps.length - 1)}`;
}

/** Of each, where there are several. */
function memberIn(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map(each => memberIn(each, name));
  if (value === null || typeof value !== 'object') return null;
  return (value as Readonly<Record<string, unknown>>)[name] ?? null;
}
