/**
 * Remembers plans: by operation, role and the shape of the variables, which decides over the statement, while their values
 * are its parameters. What decides although it is a value (an enum's) is part of the shape; planning tells which.
 */
import { BoundedCache } from '@peakstone/kernel/boundedCache';
import type { ParamSource } from '../ir/value.ts';
import type { ExecutablePlan } from './types.ts';

type VariablePath = readonly (string | number)[];

export interface Memo {
  find(key: string, variables: Readonly<Record<string, unknown>>): ExecutablePlan | null;
  /** `structural` are the values that decided over the plan; one of no path at all forbids to keep it. */
  keep(
    key: string,
    variables: Readonly<Record<string, unknown>>,
    plan: ExecutablePlan,
    structural: readonly VariablePath[],
  ): void;
  clear(): void;
  /** How many are remembered. */
  size(): { readonly operations: number; readonly plans: number };
}

/** What is known of one operation for one role. */
interface Known {
  readonly structural: Set<string>;
  readonly opaque: Set<string>;
}

/** A thousand tables take fifty of them to be told of. */
const maxBytes = 64 * 1024 * 1024;
const maxEntries = 20_000;
/** Longer operations are planned each time: few applications have such. */
const maxKeyLength = 100_000;
const maxShapeLength = 4096;
/** Of a plan; elements of arrays are counted. One of more has a shape too long as well, and is not walked for nothing. */
const maxParams = 2000;

export function createMemo(): Memo {
  const operations = new BoundedCache<Known>({ maxEntries, maxBytes });
  const plans = new BoundedCache<ExecutablePlan>({ maxEntries, maxBytes });
  return {
    find(key, variables) {
      const known = operations.get(key);
      if (!known) return null;
      const shape = shapeOf(variables, known);
      return shape === null ? null : (plans.get(`${shape}\n${key}`) ?? null);
    },
    keep(key, variables, plan, structural) {
      if (key.length > maxKeyLength || structural.some(path => path.length === 0)) return;
      if (countParams(plan) > maxParams) return;
      let known = operations.get(key);
      if (!known) {
        known = { structural: new Set(), opaque: new Set() };
        operations.set(key, known, 500 + key.length);
      }
      // Bounded as the sets of paths of one operation's variables are by the shapes that are kept.
      if (known.structural.size + known.opaque.size > 10_000) return;
      for (const path of structural) known.structural.add(pathKey(path));
      for (const group of plan.groups)
        for (const { params } of group.statements)
          for (const param of params) noteOpaque(param, known.opaque);
      const shape = shapeOf(variables, known);
      if (shape === null) return;
      plans.set(`${shape}\n${key}`, plan, planBytes(plan) + key.length + shape.length);
    },
    clear() {
      operations.clear();
      plans.clear();
    },
    size: () => ({ operations: operations.size, plans: plans.size }),
  };
}

function countParams({ groups }: ExecutablePlan): number {
  let count = 0;
  for (const { statements } of groups)
    for (const { params } of statements)
      for (const param of params) count += param.kind === 'array' ? param.items.length : 1;
  return count;
}

function noteOpaque(param: ParamSource, opaque: Set<string>): void {
  if (param.kind === 'variable' || param.kind === 'json' || param.kind === 'list')
    opaque.add(pathKey(param.path));
  if (param.kind === 'cursor') noteOpaque(param.initial, opaque);
  if (param.kind === 'array') for (const item of param.items) noteOpaque(item, opaque);
}

/** Memory that a plan takes, by estimate. */
export function planBytes({ groups, roots }: ExecutablePlan): number {
  let bytes = 1000 + roots.length * 200;
  for (const { statements } of groups)
    for (const { text, large, params } of statements)
      bytes += 2 * (text.length + (large?.text.length ?? 0)) + 150 * params.length;
  for (const { from } of roots) {
    if (from.kind === 'constant') bytes += from.json.length;
    if (from.kind === 'written') for (const part of from.parts) bytes += part.byteLength;
  }
  return bytes;
}

function pathKey(path: VariablePath): string {
  return path.join('\0');
}

/** Names, structure, nulls, booleans and enums of the variables; null for what is too large to be remembered by. */
function shapeOf(variables: Readonly<Record<string, unknown>>, known: Known): string | null {
  let text = '';
  const walk = (value: unknown, path: string): boolean => {
    if (text.length > maxShapeLength) return false;
    if (value === null || typeof value === 'boolean') text += value;
    else if (known.opaque.has(path) && !known.structural.has(path)) text += '?';
    else if (typeof value === 'string') text += known.structural.has(path) ? JSON.stringify(value) : '"';
    else if (typeof value === 'number') text += '#';
    else if (Array.isArray(value)) {
      text += '[';
      for (let i = 0; i < value.length; i++) {
        if (!walk(value[i], `${path}\0${i}`)) return false;
        text += ',';
      }
      text += ']';
    } else if (Object.getPrototypeOf(value) === null) text += '#';
    else {
      text += '{';
      for (const [name, member] of Object.entries(value as object)) {
        text += `${JSON.stringify(name)}:`;
        if (!walk(member, path === '' ? name : `${path}\0${name}`)) return false;
        text += ',';
      }
      text += '}';
    }
    return true;
  };
  return walk(variables, '') ? text : null;
}
