/** Reads whose rows go to the client as the database sends them, however many there are. */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { Cell } from '@peakstone/kernel/pg';
import type { CompiledRead } from '../compile.ts';
import type { RestCall } from '../context.ts';
import type { ApiRequest } from '../parse/request.ts';
import type { StreamFormat } from '../plan/streamFormat.ts';
import { respondStream } from '../respond.ts';
import { ClientGone, withQueryLog } from '../transaction/exchange.ts';
import { locationOf, planAnswer, responseContext } from './planAnswer.ts';
import type { ServerTiming } from './serverTiming.ts';

type Row = readonly Cell[];

/** Bytes gathered before they are handed on: rows are small, and each chunk costs a write. */
const chunkBytes = 65_536;
/** Rows that come slowly are not held back for longer. */
const chunkMs = 100;

/** As the buffered response has it. */
const separators: Readonly<Record<StreamFormat, Buffer>> = {
  json: Buffer.from(', \n '),
  stripped: Buffer.from(','),
  csv: Buffer.from('\n'),
};

/**
 * Waits for the first row, so that whatever is refused before it is an ordinary error, and sends the others as they come.
 * An error behind the first row ends the connection: the client sees a body without its end.
 */
export function streamRead(
  compiled: CompiledRead,
  api: ApiRequest,
  call: RestCall,
  timing: ServerTiming,
): Promise<HttpResponse> {
  const { transaction } = planAnswer(compiled, api, call, () => false);
  return withQueryLog(transaction.exchange, call, async () => {
    const gone = new AbortController();
    call.request.onAborted(() => gone.abort(new ClientGone('The client closed the connection')));
    const rows = call.pool.stream({ ...transaction.exchange, signal: gone.signal })[Symbol.asyncIterator]();
    const first = await rows.next();
    timing.lap('transaction');
    if (first.done) throw new Error('The streamed statement gave no first row');
    const [headers, status] = first.value;
    const settings = { headers: headers?.toString() ?? null, status: status?.toString() ?? null };
    const context = {
      ...responseContext(compiled.mediaType, api, call),
      location: locationOf(compiled, api, call),
    };
    const body = new StreamedBody(first.value, rows, compiled.stream ?? 'json');
    try {
      return respondStream(settings, context, body);
    } catch (error) {
      await rows.return?.();
      throw error;
    }
  });
}

/** The rows as a body. A reader that leaves before it has begun also ends the statement, which a generator would not see. */
class StreamedBody implements AsyncIterableIterator<Uint8Array> {
  readonly #rows: AsyncIterator<Row>;
  readonly #chunks: AsyncGenerator<Uint8Array, undefined>;

  constructor(first: Row, rows: AsyncIterator<Row>, format: StreamFormat) {
    this.#rows = rows;
    this.#chunks = chunks(first, rows, format);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#chunks.next();
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#chunks.return(undefined);
    await this.#rows.return?.();
    return { done: true, value: undefined };
  }
}

async function* chunks(
  first: Row,
  rows: AsyncIterator<Row>,
  format: StreamFormat,
): AsyncGenerator<Uint8Array, undefined> {
  const separator = separators[format];
  let parts: Buffer[] = [];
  let size = 0;
  let handedOnAt = performance.now();
  const add = (part: Buffer): void => {
    parts.push(part);
    size += part.length;
  };
  const text = (row: Row): Cell => row[2] ?? null;
  add(format === 'csv' ? Buffer.concat([first[3] ?? Buffer.alloc(0), separator]) : Buffer.from('['));
  try {
    const head = text(first);
    if (head) add(head);
    for (let next = await rows.next(); !next.done; next = await rows.next()) {
      add(separator);
      add(text(next.value) ?? Buffer.alloc(0));
      if (size < chunkBytes && performance.now() - handedOnAt < chunkMs) continue;
      yield Buffer.concat(parts);
      parts = [];
      size = 0;
      handedOnAt = performance.now();
    }
    if (format !== 'csv') add(Buffer.from(']'));
    yield Buffer.concat(parts);
  } catch (error) {
    // Nobody is there to see that the body has no end.
    if (!(error instanceof ClientGone)) throw error;
  } finally {
    await rows.return?.();
  }
  return undefined;
}
