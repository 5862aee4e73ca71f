import { type Piece, splitInput, splitScript } from '@peakstone/kernel/script';
import { TransferError } from '../errors.ts';
import { LineReader } from './lines.ts';

/** One statement of a script, or one line for psql, or rows behind a COPY. `line` is its first one's number. */
export type ScriptPiece =
  | { readonly kind: 'statement' | 'meta'; readonly text: string; readonly line: number }
  | {
      readonly kind: 'rows';
      /** `COPY … FROM stdin` */
      readonly copy: string;
      readonly line: number;
      /** To be read before the next piece, or left, which passes over them. */
      readonly rows: AsyncIterable<Buffer>;
    };

/** A statement is held in memory; rows of COPY are not. */
const MAX_STATEMENT_BYTES = 256 * 1024 * 1024;

/**
 * Reads a script of any length piece by piece, as psql would: what follows a COPY is streamed.
 * @throws {TransferError} when it isn't text in UTF-8, or a statement is too long.
 */
export async function* readScript(source: AsyncIterable<Uint8Array>): AsyncGenerator<ScriptPiece> {
  const lines = new LineReader(source);
  let held: Buffer[] = [];
  let bytes = 0;
  let first = 1;
  const place = (piece: Piece): number => first + piece.line;
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    if (held.length === 0) first = lines.lines;
    if (held.length === 0 && isBlankOrComment(line)) continue;
    held.push(line);
    bytes += line.length;
    if (bytes > MAX_STATEMENT_BYTES) throw tooLong(first);
    // Only where a statement may end is it looked at whether it does.
    if (!mayEnd(line)) continue;
    const { pieces, rest, waitsFor } = splitInput(decode(held, bytes, first));
    const isWhole = rest.trim() === '';
    if (!isWhole && waitsFor !== '.' && pieces.length === 0) continue;
    for (const piece of pieces) yield { kind: piece.kind, text: piece.text, line: place(piece) };
    const before = held;
    held = [];
    bytes = 0;
    if (waitsFor === '.' && /^(?:\s*--[^\n]*\n)*\s*copy\b[\s\S]*;\s*(?:--[^\n]*)?$/i.test(rest)) {
      const rows = lines.rows();
      yield { kind: 'rows', copy: copyOf(rest), line: lines.lines, rows };
      for await (const _ of rows);
    } else if (!isWhole) {
      held = [Buffer.from(rest)];
      bytes = held[0]!.length;
      first = lines.lines - rest.trimEnd().split('\n').length + 1;
    } else if (before.length > 0) {
      first = lines.lines + 1;
    }
  }
  for (const piece of splitScript(decode(held, bytes, first)))
    yield { kind: piece.kind, text: piece.text, line: place(piece) };
}

function isBlankOrComment(line: Buffer): boolean {
  return line.length < 3 ? line.toString('latin1').trim() === '' : line[0] === 0x2d && line[1] === 0x2d;
}

/** A semicolon at its end, or a backslash at its beginning. */
function mayEnd(line: Buffer): boolean {
  if (line[0] === 0x5c) return true;
  let at = line.length - 1;
  while (at >= 0 && line[at]! <= 0x20) at--;
  return line[at] === 0x3b || (line.includes('--') && line.includes(';'));
}

function copyOf(text: string): string {
  const [piece] = splitScript(text);
  return piece?.text ?? text;
}

function decode(parts: readonly Buffer[], bytes: number, line: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(Buffer.concat(parts, bytes));
  } catch (error) {
    throw new TransferError(`Line ${line} and what follows is not text in UTF-8.`, {
      hint: 'Dumps of another encoding: pg_dump --encoding=UTF8.',
      cause: error,
    });
  }
}

function tooLong(line: number): TransferError {
  return new TransferError(`The statement that begins in line ${line} is longer than 256 MB.`, {
    hint: 'Leave --inserts out of pg_dump, or add --rows-per-insert=100: rows of COPY may be of any length.',
  });
}
