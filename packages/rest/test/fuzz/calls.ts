import type { Routine } from '@peakstone/kernel/catalog';
import type { Random } from './random.ts';
import { NASTY } from './words.ts';

/** Arguments in the query string: all for GET and now and then for POST, some left out, repeated or unknown. */
export function callParameters(random: Random, routine: Routine, method: string): [string, string][] {
  if (method === 'POST' && random.chance(0.8)) return [];
  const named = routine.parameters.filter(({ name }) => name !== '' && random.chance(0.9));
  const parameters = named.map(({ name, type }): [string, string] => [name, queryValue(random, type)]);
  const first = parameters[0];
  if (first && random.chance(0.1)) parameters.push([first[0], random.pick(NASTY)]);
  if (random.chance(0.1)) parameters.push([random.pick(['nope', '', '"', "a'b"]), random.pick(NASTY)]);
  return parameters;
}

/** A body for a POST: an object of arguments mostly, with values of any type; else whatever a client may send. */
export function callBody(random: Random, routine: Routine): string {
  const object = () =>
    Object.fromEntries(
      routine.parameters
        .filter(() => random.chance(0.9))
        .map(({ name, type }) => [name, bodyValue(random, type)]),
    );
  return random.pick([
    () => JSON.stringify(object()),
    () => JSON.stringify(object()),
    () => JSON.stringify({ ...object(), [random.pick(NASTY)]: random.pick(NASTY) }),
    () => JSON.stringify([object(), object()]),
    () => JSON.stringify(random.pick<unknown>([[], {}, null, 1, 'x', [1, 2], [null]])),
    () => new URLSearchParams(callParameters(random, routine, 'GET')).toString(),
    () =>
      `${routine.parameters.map(({ name }) => name).join(',')}\n${random.pick(NASTY)},${random.pick(NASTY)}`,
    () => random.pick(NASTY),
    () => '',
  ])();
}

function queryValue(random: Random, type: string): string {
  if (random.chance(0.3)) return random.pick(NASTY);
  return /int/.test(type) ? random.pick(['1', '2', '-7']) : random.pick(['a', 'project', '{a,b}', '']);
}

function bodyValue(random: Random, type: string): unknown {
  if (random.chance(0.3)) return random.pick<unknown>([...NASTY, null, true, 1.5, {}, [], ['a', null]]);
  return /int/.test(type) ? random.int(10) : 'a';
}
