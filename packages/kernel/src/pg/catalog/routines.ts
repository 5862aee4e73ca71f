import type { Result } from '../types.ts';
import { readFlag, readInteger, readJson, readNullable, readText } from './cells.ts';
import type { Relations } from './relations.ts';
import type { ComputedRow } from './relationships.ts';
import {
  type ComputedField,
  castKey,
  key,
  type MediaHandler,
  type Representation,
  type Routine,
} from './types.ts';

const VOLATILITY: Readonly<Record<string, Routine['volatility']>> = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
};

type PackedInput = readonly [name: string, type: string, position: number, variadic: 0 | 1];

/** Every overload by name, those with fewer parameters first. */
export function* decodeRoutines(result: Result): Generator<void, ReadonlyMap<string, readonly Routine[]>> {
  const routines = new Map<string, Routine[]>();
  for (const row of result.rows) {
    const schema = readText(row[1]);
    const name = readText(row[2]);
    const inputs = readJson<PackedInput[]>(row[4], []);
    const required = inputs.length - readInteger(row[15]);
    const routine: Routine = {
      schema,
      name,
      oid: readInteger(row[0]),
      comment: readNullable(row[3]),
      parameters: inputs.map(([parameter, type, position, variadic]) => ({
        name: parameter,
        type,
        required: position <= required,
        variadic: variadic === 1,
      })),
      outputs: readJson<[string, string][]>(row[5], []).map(([output, type]) => ({ name: output, type })),
      returns: {
        setof: readFlag(row[9]),
        kind: readText(row[10]) as Routine['returns']['kind'],
        type: { schema: readText(row[6]), name: readText(row[7]) },
        typeText: readText(row[8]),
      },
      volatility: VOLATILITY[readText(row[11])] ?? 'volatile',
      variadic: readFlag(row[12]),
      settings: readJson<string[]>(row[13], []).map(splitSetting),
      language: readText(row[14]),
    };
    const id = key(schema, name);
    const overloads = routines.get(id);
    if (overloads) overloads.push(routine);
    else routines.set(id, [routine]);
    yield;
  }
  return routines;
}

/** `name=value`, as pg_proc.proconfig keeps it. */
function splitSetting(setting: string): readonly [string, string] {
  const at = setting.indexOf('=');
  return [setting.slice(0, at), setting.slice(at + 1)];
}

export function decodeComputed(result: Result): ComputedRow[] {
  return result.rows.map(row => ({
    routine: { schema: readText(row[0]), name: readText(row[1]) },
    source: readInteger(row[2]),
    target: readInteger(row[3]),
    toOne: readFlag(row[4]),
  }));
}

/** Computed fields by key of their relation. */
export function decodeComputedFields(
  result: Result,
  relations: Relations,
): ReadonlyMap<string, readonly ComputedField[]> {
  const fields = new Map<string, ComputedField[]>();
  for (const row of result.rows) {
    const position = relations.position(readInteger(row[0]));
    if (position === undefined) continue;
    const { schema, name } = relations.name(position);
    const field: ComputedField = {
      routine: { schema: readText(row[1]), name: readText(row[2]) },
      type: readText(row[3]),
      setof: readFlag(row[4]),
    };
    const list = fields.get(key(schema, name));
    if (list) list.push(field);
    else fields.set(key(schema, name), [field]);
  }
  return fields;
}

export function decodeRepresentations(result: Result): ReadonlyMap<string, Representation> {
  return new Map(
    result.rows.map(row => {
      const from = readText(row[0]);
      const to = readText(row[1]);
      const routine = { schema: readText(row[2]), name: readText(row[3]) };
      return [castKey(from, to), { from, to, routine }];
    }),
  );
}

export function decodeMediaHandlers(result: Result): readonly MediaHandler[] {
  return result.rows.map(row => {
    const domain = { schema: readText(row[0]), name: readText(row[1]) };
    const routine = { schema: readText(row[2]), name: readText(row[3]) };
    const isAggregate = readFlag(row[4]);
    const mediaType = domain.name.toLowerCase();
    const rendered = row[6] ? { schema: readText(row[5]), name: readText(row[6]) } : null;
    return {
      mediaType,
      resolvedMediaType: mediaType === '*/*' ? 'application/octet-stream' : mediaType,
      relation: isAggregate ? rendered : routine,
      routine,
      isAggregate,
      domain,
    };
  });
}
