import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError } from '../grammar/errors.ts';

/** A script is held in memory; what is longer is mostly rows, which COPY takes from standard input at any length. */
const maxScriptBytes = 256 * 1024 * 1024;

const tooLongHint =
  'PostgreSQL\'s own client takes files of any length: psql "$(peakstone url)" -f dump.sql. Rows alone do here, too: peakstone sql "copy films from stdin" < rows.tsv';

/** @throws {CliError} when it cannot be read, is too long, or isn't UTF-8. */
export async function readScriptFile(cwd: string, name: string): Promise<string> {
  try {
    await using file = await open(resolve(cwd, name));
    return await readScriptStream(file.createReadStream({ autoClose: false }), name);
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
    if (!reason) throw error;
    throw new CliError(`${name} ${reason}.`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder, not a file',
  EACCES: 'may not be read by you',
  ENOTDIR: 'does not exist',
};

/** @throws {CliError} when it is too long, or isn't UTF-8. */
export async function readScriptStream(stream: AsyncIterable<Buffer>, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxScriptBytes) throw new CliError(`${name} is longer than 256 MB.`, { hint: tooLongHint });
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks, bytes));
  } catch (error) {
    throw new CliError(`${name} is not text in UTF-8.`, {
      hint: 'Dumps of another encoding: pg_dump --encoding=UTF8.',
      cause: error,
    });
  }
}
