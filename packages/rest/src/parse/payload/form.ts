/**
 * Bodies of forms: fields in order, or the same as one JSON object.
 * @see https://url.spec.whatwg.org/#application/x-www-form-urlencoded
 */
import { requestErrors } from '../../errors.ts';
import { decodeText } from '../query.ts';
import { type Hold, JsonText } from './jsonText.ts';
import { sliceEnds, Utf8Check } from './slices.ts';

/** Fields in one form: a table has 1600 columns, and a variadic function hardly more arguments. */
const maxFields = 65_536;
/** Of a name's bytes, those that are looked at: what follows cannot make it one that the database knows. */
const maxNameBytes = 4096;

/** A field as it was sent, with its name decoded. Its value stands between two offsets of the body. */
interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Yields between slices. @throws {RestError} PGRST102 */
export function* formFields(
  body: Buffer,
  hold: Hold,
): Generator<void, readonly (readonly [name: string, value: string])[]> {
  // As sent, and decoded.
  hold(body.length * 2);
  const fields = yield* splitFields(body);
  const decoded: [string, string][] = [];
  for (const { name, from, to } of fields) {
    decoded.push([name, (yield* decodeValue(body, from, to)).toString()]);
    yield;
  }
  return decoded;
}

/** Of fields with one name the last counts. Yields between slices. @throws {RestError} PGRST102 */
export function* formToJson(
  body: Buffer,
  hold: Hold,
): Generator<void, { readonly json: Buffer; readonly names: readonly string[] }> {
  const fields = new Map<string, Field>();
  for (const field of yield* splitFields(body)) fields.set(field.name, field);
  const json = new JsonText(hold);
  json.byte(OPEN);
  for (const { name, from, to } of fields.values()) {
    json.bytes(Buffer.from(`${JSON.stringify(name)}:"`));
    const value = yield* decodeValue(body, from, to);
    let at = 0;
    for (const end of sliceEnds(value.length)) {
      json.escaped(value, at, end);
      at = end;
      yield;
    }
    json.bytes(endOfValue);
  }
  const text = yield* json.join();
  // In place of the last comma, or behind the brace that opened an empty object.
  const whole = fields.size === 0 ? Buffer.from('{}') : text;
  whole[whole.length - 1] = CLOSE;
  return { json: whole, names: [...fields.keys()] };
}

const OPEN = 0x7b;
const CLOSE = 0x7d;
const endOfValue = Buffer.from('",');

const AMPERSAND = 0x26;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const SPACE = 0x20;

/** Split at `&` and `;`, each of which may have nothing before it, but for a last one. */
function* splitFields(body: Buffer): Generator<void, readonly Field[]> {
  const fields: Field[] = [];
  let start = 0;
  let equals = -1;
  const end = (at: number): void => {
    if (fields.length === maxFields)
      throw requestErrors.invalidBody(`A form has at most ${maxFields} fields`);
    const nameEnd = equals < 0 ? at : equals;
    const name = decodeText(body.toString('latin1', start, Math.min(nameEnd, start + maxNameBytes)));
    fields.push({ name, from: equals < 0 ? at : equals + 1, to: at });
    start = at + 1;
    equals = -1;
  };
  let at = 0;
  for (const sliceEnd of sliceEnds(body.length)) {
    for (; at < sliceEnd; at++) {
      const c = body[at];
      if (c === EQUALS && equals < 0) equals = at;
      else if (c === AMPERSAND || c === SEMICOLON) end(at);
    }
    yield;
  }
  if (start < body.length) end(body.length);
  return fields;
}

/** Percent-decoded; `+` is a blank, and a `%` without two hex digits is itself. */
function* decodeValue(body: Buffer, from: number, to: number): Generator<void, Buffer> {
  const value = body.subarray(from, to);
  const decoded = Buffer.allocUnsafe(value.length);
  let length = 0;
  let at = 0;
  for (const end of sliceEnds(value.length)) {
    while (at < end) {
      const c = value[at++]!;
      const byte = c === PERCENT ? hexPair(value, at) : c === PLUS ? SPACE : c;
      if (c === PERCENT && byte >= 0) at += 2;
      decoded[length++] = byte < 0 ? c : byte;
    }
    yield;
  }
  const text = decoded.subarray(0, length);
  const utf8 = new Utf8Check(text);
  for (const end of sliceEnds(length)) {
    if (!utf8.accepts(end)) throw requestErrors.invalidBody('The form is not UTF-8');
    yield;
  }
  return text;
}

/** The byte that two hex digits mean, negative where there are none. */
function hexPair(bytes: Uint8Array, at: number): number {
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
