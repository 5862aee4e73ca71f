import type { Node } from 'libpg-query';
import type { Schema } from '../state/model.ts';
import { strings, walk } from '../tree.ts';

/** PostgreSQL's own that give another value for each row, and those of usual extensions. */
const VOLATILE: ReadonlySet<string> = new Set([
  'random',
  'random_normal',
  'gen_random_uuid',
  'gen_random_bytes',
  'gen_salt',
  'uuid_generate_v1',
  'uuid_generate_v1mc',
  'uuid_generate_v4',
  'nextval',
  'clock_timestamp',
  'timeofday',
  'setseed',
]);

/** The first function in an expression that is volatile, so that a default of it is another for each row. Pure. */
export function volatileCall(schema: Schema, expression: Node | undefined): string | undefined {
  for (const [kind, body] of walk(expression)) {
    if (kind !== 'FuncCall') continue;
    const parts = strings(body.funcname as Node[]);
    const name = parts.at(-1) ?? '';
    const own = parts.length > 1 ? [parts.join('.')] : schema.searchPath.map(each => `${each}.${name}`);
    const routine = [...schema.routines].find(([key]) => own.some(each => key.startsWith(`${each}(`)))?.[1];
    if (routine ? routine.volatility === 'volatile' : VOLATILE.has(name)) return name;
  }
  return undefined;
}
