/** Rows of a COPY inside of a script, without the `\.` that ends them. */
export interface CopyRows {
  readonly text: string;
  /** Lines of the script before the first row. */
  readonly line: number;
}

/** UTF-16 units turned into bytes at once. */
const partUnits = 65_536;

/** A script's rows as bytes, in parts. Pure. */
export function* copyParts({ text }: CopyRows): Generator<Buffer> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + partUnits, text.length);
    // Not between the halves of a surrogate pair.
    if (end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
    yield Buffer.from(text.slice(at, end));
    at = end;
  }
}

/** Where rows stand in a script, and where the SQL goes on. */
export interface CopyRange {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** Whether nothing but a comment stands in the line behind a COPY that ends at `from`. Pure. */
export function rowsMayFollow(script: string, from: number): boolean {
  const rest = /(?:[^\S\n]|--[^\n\r]*)*(?:\n|$)/y;
  rest.lastIndex = from;
  return rest.test(script);
}

/**
 * The rows after a COPY whose semicolon stands before `from`: from the next line up to a line `\.`, or the end. None when
 * something else follows in the same line, or nothing at all. Pure.
 */
export function findCopyRows(script: string, from: number): CopyRange | null {
  const rest = /(?:[^\S\n]|--[^\n\r]*)*\n/y;
  rest.lastIndex = from;
  if (!rest.test(script)) return null;
  const start = rest.lastIndex;
  if (start === script.length) return null;
  const mark = /^\\\.\r?$/gm;
  mark.lastIndex = start;
  const found = mark.exec(script);
  if (!found) return { start, end: script.length, next: script.length };
  const next = found.index + found[0].length;
  return { start, end: found.index, next: Math.min(next + 1, script.length) };
}
