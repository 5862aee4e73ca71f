/**
 * Reads and writes JSON of any size in slices, so that nobody waits for the end of a large one. The runtime's own parser reads what is
 * small; of what is larger only the outline is followed here.
 */
import { isRawNumber, parseJson, stringifyJson } from './json.ts';

/** What is read in one go: a fraction of a millisecond's work, and a few where numbers keep their digits. */
const sliceBytes = 16_384;
/** What is looked at for its outline alone. */
const scanBytes = 4 * sliceBytes;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Ends of the parts that are too large to be read in one go, by where they begin. */
type Outline = ReadonlyMap<number, number>;

/** As `parseJson` of the text. Yields between slices. @throws {SyntaxError} */
export function* parseJsonSlices(bytes: Buffer): Generator<void, unknown> {
  if (bytes.length <= sliceBytes) return parseJson(bytes.toString());
  const outline = yield* findOutline(bytes);
  const from = skipSpace(bytes, 0);
  const end = outline.get(from);
  // Small after all, with much space around it.
  if (end === undefined) return parseJson(bytes.toString());
  if (skipSpace(bytes, end) < bytes.length) throw malformed();
  return yield* readPart(bytes, from, outline);
}

function* findOutline(bytes: Uint8Array): Generator<void, Outline> {
  const outline = new Map<number, number>();
  const open: number[] = [];
  let textFrom = -1;
  let pauseAt = scanBytes;
  for (let at = 0; at < bytes.length; at++) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + scanBytes;
    }
    const c = bytes[at];
    if (textFrom >= 0) {
      if (c === backslash) at++;
      else if (c === quote) {
        if (at - textFrom > sliceBytes) outline.set(textFrom, at + 1);
        textFrom = -1;
      }
    } else if (c === quote) textFrom = at;
    else if (c === openList || c === openObject) open.push(at);
    else if (c === closeList || c === closeObject) {
      const from = open.pop();
      if (from === undefined || (bytes[from] === openList) !== (c === closeList)) throw malformed();
      if (at - from > sliceBytes) outline.set(from, at + 1);
    }
  }
  if (textFrom >= 0 || open.length > 0) throw malformed();
  return outline;
}

function* readPart(bytes: Buffer, from: number, outline: Outline): Generator<void, unknown> {
  switch (bytes[from]) {
    case quote:
      return yield* readText(bytes, from, outline.get(from)!);
    case openList:
      return yield* readList(bytes, from, outline);
    default:
      return yield* readObject(bytes, from, outline);
  }
}

/** A long text in pieces that end between two characters. */
function* readText(bytes: Buffer, from: number, end: number): Generator<void, string> {
  const pieces: string[] = [];
  let at = from + 1;
  while (at < end - 1) {
    let to = Math.min(at + sliceBytes, end - 1);
    if (to < end - 1) to = cutOf(bytes, at, to);
    pieces.push(JSON.parse(`"${bytes.toString('utf8', at, to)}"`) as string);
    at = to;
    yield;
  }
  // One text, rather than a tree of them that whoever looks at it first would have to make one.
  const text = pieces.join('');
  yield;
  return text;
}

/** Not within a character, nor within an escape. */
function cutOf(bytes: Uint8Array, from: number, to: number): number {
  let at = to;
  while (at > from && (bytes[at]! & 0xc0) === 0x80) at--;
  // `\u00e9` is the longest: whatever begins so shortly before is left to the next piece.
  for (let back = 1; back < 6 && at - back >= from; back++) {
    if (bytes[at - back] !== backslash) continue;
    let slashes = 0;
    while (at - back - slashes >= from && bytes[at - back - slashes] === backslash) slashes++;
    // An even number are escaped ones, of which the last is whole.
    if (slashes % 2 === 1) return at - back;
    return at;
  }
  return at;
}

function* readList(bytes: Buffer, from: number, outline: Outline): Generator<void, unknown[]> {
  const list: unknown[] = [];
  for (const run of runsOf(bytes, from, outline)) {
    if (run.kind === 'pause') {
      yield;
      continue;
    }
    if (run.part === null) {
      const items = parseJson(`[${bytes.toString('utf8', run.from, run.to)}]`) as unknown[];
      if (items.length === 0 && !run.isAll) throw malformed();
      for (const item of items) list.push(item);
    } else {
      if (skipSpace(bytes, run.from) !== run.part) throw malformed();
      list.push(yield* readPart(bytes, run.part, outline));
    }
    yield;
  }
  return list;
}

function* readObject(
  bytes: Buffer,
  from: number,
  outline: Outline,
): Generator<void, Record<string, unknown>> {
  const object: Record<string, unknown> = {};
  for (const run of runsOf(bytes, from, outline)) {
    if (run.kind === 'pause') {
      yield;
      continue;
    }
    if (run.part === null) {
      const members = parseJson(`{${bytes.toString('utf8', run.from, run.to)}}`) as Record<string, unknown>;
      let isEmpty = true;
      for (const name in members) {
        isEmpty = false;
        define(object, name, members[name]);
      }
      if (isEmpty && !run.isAll) throw malformed();
    } else {
      // A name of any length is small beside what follows it, or is refused.
      const name = bytes.toString('utf8', run.from, run.part).trimEnd();
      if (!name.endsWith(':')) throw malformed();
      const key: unknown = JSON.parse(name.slice(0, -1));
      if (typeof key !== 'string') throw malformed();
      define(object, key, yield* readPart(bytes, run.part, outline));
    }
    yield;
  }
  return object;
}

/** As the runtime's parser: `__proto__` is a name like others. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

type Run =
  /** Others get their turn. */
  | { readonly kind: 'pause' }
  | {
      readonly kind: 'members';
      readonly from: number;
      readonly to: number;
      /** Where a large part begins, which is the only member of its run then; else null. */
      readonly part: number | null;
      /** Whether there is nothing else in the list or object. */
      readonly isAll: boolean;
    };

/** The members of a list or object, as many together as are read in one go; large ones each by itself. */
function* runsOf(bytes: Uint8Array, start: number, outline: Outline): Generator<Run, void> {
  const end = outline.get(start)! - 1;
  let runFrom = start + 1;
  let memberFrom = runFrom;
  let isFirst = true;
  let part: number | null = null;
  let depth = 0;
  let pauseAt = start + scanBytes;
  for (let at = start + 1; at <= end; at++) {
    if (at >= pauseAt) {
      yield { kind: 'pause' };
      pauseAt = at + scanBytes;
    }
    const c = bytes[at];
    if (at === end || (c === comma && depth === 0)) {
      const isLast = at === end;
      if (part !== null) {
        if (memberFrom > runFrom)
          yield { kind: 'members', from: runFrom, to: memberFrom - 1, part: null, isAll: false };
        if (skipSpace(bytes, outline.get(part)!) !== at) throw malformed();
        yield { kind: 'members', from: memberFrom, to: at, part, isAll: false };
        runFrom = at + 1;
        part = null;
      } else if (isLast || at - runFrom > sliceBytes) {
        yield { kind: 'members', from: runFrom, to: at, part: null, isAll: isFirst && isLast };
        runFrom = at + 1;
      }
      memberFrom = at + 1;
      isFirst = false;
      continue;
    }
    const large = depth === 0 ? outline.get(at) : undefined;
    if (large !== undefined) {
      // A name is read with what follows it.
      if (bytes[skipSpace(bytes, large)] !== colon) {
        if (part !== null) throw malformed();
        part = at;
      }
      at = large - 1;
    } else if (c === quote) {
      // Skipped: what is within is no structure.
      for (at++; bytes[at] !== quote; at++) if (bytes[at] === backslash) at++;
    } else if (c === openList || c === openObject) depth++;
    else if (c === closeList || c === closeObject) depth--;
  }
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

function malformed(): SyntaxError {
  return new SyntaxError('Not a valid JSON value');
}

/** Values that are written in one go. */
const sliceValues = 1000;
const yieldEvery = sliceValues / 4;

/** As `stringifyJson` of a value that was read. Yields between slices. */
export function* stringifyJsonSlices(value: unknown): Generator<void, string> {
  if (isSmallJson(value, sliceValues)) return stringifyJson(value);
  if (typeof value === 'string') return yield* writeText(value);
  return Array.isArray(value)
    ? yield* writeList(value)
    : yield* writeObject(value as Record<string, unknown>);
}

function* writeList(list: readonly unknown[]): Generator<void, string> {
  let text = '';
  for (let i = 0; i < list.length; i++) {
    text +=
      (i === 0 ? '[' : ',') +
      (isLeaf(list[i]) ? stringifyJson(list[i]) : yield* stringifyJsonSlices(list[i]));
    if (i % yieldEvery === 0) yield;
  }
  return `${text}]`;
}

function* writeObject(object: Readonly<Record<string, unknown>>): Generator<void, string> {
  let text = '';
  let done = 0;
  for (const [name, member] of Object.entries(object)) {
    const written = isLeaf(member) ? stringifyJson(member) : yield* stringifyJsonSlices(member);
    text += `${done === 0 ? '{' : ','}${stringifyJson(name)}:${written}`;
    if (done++ % yieldEvery === 0) yield;
  }
  return `${text}}`;
}

/** What is written without a look at how large it is. */
function isLeaf(value: unknown): boolean {
  return typeof value === 'string' ? value.length < 100 : typeof value !== 'object' || value === null;
}

/** Whether it holds at most so many values, texts counted by their length; looks no further. Pure. */
export function isSmallJson(value: unknown, maxValues: number): boolean {
  return isSmall(value, { left: maxValues + 1 });
}

/** Takes what it holds from what is left. */
function isSmall(value: unknown, budget: { left: number }): boolean {
  if (typeof value === 'string') budget.left -= 1 + value.length / 16;
  else if (typeof value !== 'object' || value === null || isRawNumber(value)) budget.left--;
  else if (Array.isArray(value)) {
    for (let i = 0; i < value.length && isSmall(value[i], budget); i++);
  } else
    for (const name in value) {
      budget.left--;
      if (!isSmall((value as Record<string, unknown>)[name], budget)) break;
    }
  return budget.left > 0;
}

function* writeText(value: string): Generator<void, string> {
  const pieces: string[] = ['"'];
  for (let from = 0; from < value.length; ) {
    let to = Math.min(from + sliceBytes, value.length);
    // The halves of a character stay together: one alone would be escaped.
    if (to < value.length && (value.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--;
    pieces.push(stringifyJson(value.slice(from, to)).slice(1, -1));
    from = to;
    yield;
  }
  pieces.push('"');
  return pieces.join('');
}
