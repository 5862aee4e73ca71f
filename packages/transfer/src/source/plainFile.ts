import { type DumpEnd, Restriction, readScript } from '@peakstone/kernel/script';
import { TransferError } from '../errors.ts';
import type { Item } from './item.ts';

/**
 * The items of a plain dump, or of any script of SQL.
 * @param text of the file
 * @param end is shown how it ends
 * @throws {TransferError} naming the line that cannot be read.
 */
export async function* readPlainFile(
  file: string,
  text: AsyncIterable<Buffer>,
  end: DumpEnd,
): AsyncGenerator<Item> {
  const name = file.split('/').at(-1)!;
  const restriction = new Restriction();
  for await (const piece of readScript(text, name, end)) {
    const at = `${name}:${piece.line + 1}`;
    const allowed = restriction.take(piece);
    if (typeof allowed === 'object')
      throw new TransferError(`${at}: ${allowed.command} ${allowed.why}.`, { hint: allowed.remedy });
    if (allowed === 'done') continue;
    if (piece.kind === 'statement' && piece.rows)
      yield { kind: 'rows', copy: piece.text, rows: piece.rows.parts, at };
    else if (piece.kind === 'statement') yield { kind: 'statement', text: piece.text, at };
    else {
      const connected = readConnect(piece.text);
      if (connected !== null) yield { kind: 'database', name: connected, at };
      else if (!isHarmless(piece.text))
        throw new TransferError(
          `${at}: ${piece.text.split(/\s/)[0]} is a command of psql that no dump has.`,
          {
            hint: 'Take the line out, or run the script with: peakstone sql -f FILE',
          },
        );
    }
  }
}

/** Also `-reuse-previous=on "dbname='x'"`, which pg_dumpall writes for odd names. */
function readConnect(line: string): string | null {
  const found = /^\\c(?:onnect)?\s+(?:-reuse-previous=on\s+)?("(?:[^"]|"")*"|\S+)/.exec(line);
  if (!found) return null;
  const word = found[1]!.startsWith('"') ? found[1]!.slice(1, -1).replaceAll('""', '"') : found[1]!;
  const named = /^dbname='((?:[^'\\]|\\.)*)'$/.exec(word);
  return named ? named[1]!.replace(/\\(.)/g, '$1') : word;
}

function isHarmless(line: string): boolean {
  return /^\\(?:set|unset|pset|encoding|echo|qecho|timing|a|t|q)\b/.test(line);
}
